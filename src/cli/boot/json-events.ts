import { isUtf8 } from "node:buffer";
import type { ConsoleName } from "../../machine/machine.ts";
import { toJsonLine } from "../json-line.ts";
import { writeTo } from "../output.ts";

/** How long a piece of a line waits for the rest: a UART gives a byte at a time. */
const gatherMs = 20;

/** `--json`: one event a line on stdout. */
export class JsonEvents {
  readonly #consoles = new Map<ConsoleName, Gathered>();

  write(event: Readonly<Record<string, unknown>> & { readonly event: string }): Promise<void> | undefined {
    return writeTo(process.stdout, toJsonLine(event));
  }

  console(name: ConsoleName, bytes: Buffer): Promise<void> | undefined {
    let gathered = this.#consoles.get(name);
    if (!gathered) {
      gathered = { offset: 0, pieces: [], timer: undefined };
      this.#consoles.set(name, gathered);
    }
    gathered.pieces.push(bytes);
    if (bytes.at(-1) === 0x0a) return this.#flush(name, gathered);
    gathered.timer ??= setTimeout(() => void this.#flush(name, gathered), gatherMs);
    return undefined;
  }

  /** What is gathered so far goes out: whatever is written next came after it. */
  flush(): void {
    for (const [name, gathered] of this.#consoles) void this.#flush(name, gathered);
  }

  #flush(name: ConsoleName, gathered: Gathered): Promise<void> | undefined {
    clearTimeout(gathered.timer);
    gathered.timer = undefined;
    const bytes = Buffer.concat(gathered.pieces.splice(0));
    if (bytes.length === 0) return undefined;
    const { offset } = gathered;
    gathered.offset += bytes.length;
    const base64 = isUtf8(bytes) ? {} : { base64: bytes.toString("base64") };
    return this.write({ event: "console", console: name, offset, text: bytes.toString("utf8"), ...base64 });
  }
}

interface Gathered {
  offset: number;
  readonly pieces: Buffer[];
  timer: NodeJS.Timeout | undefined;
}
