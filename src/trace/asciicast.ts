import type { ConsoleName } from "../machine/machine.ts";
import type { TraceEvent } from "./event.ts";

export interface AsciicastOptions {
  readonly console: ConsoleName;
  /** Bytes of the console's log; fewer than asked for only at its end. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
  readonly columns?: number;
  readonly rows?: number;
  readonly title?: string;
}

const readSize = 65_536;

/**
 * One console as an asciicast v2 recording (https://docs.asciinema.org/manual/asciicast/v2/), line by line: what the
 * guest printed (`o`), what was typed (`i`), and power events as markers (`m`). A character cut between two chunks
 * appears with the second.
 */
export async function* asciicast(
  events: Iterable<TraceEvent> | AsyncIterable<TraceEvent>,
  options: AsciicastOptions,
): AsyncGenerator<string> {
  const { columns = 80, rows = 25, title } = options;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let hasHeader = false;
  let last = 0;
  const line = (t: number, code: "o" | "i" | "m", data: string) => {
    // Players want times that never go back; two threads write events.
    last = Math.max(last, t);
    return `${JSON.stringify([Math.round(last / 1e3) / 1e6, code, data])}\n`;
  };

  for await (const event of events) {
    if (!hasHeader) {
      hasHeader = true;
      const startedAt = event.kind === "start" ? Date.parse(event.startedAt) : Number.NaN;
      yield `${JSON.stringify({
        version: 2,
        width: columns,
        height: rows,
        ...(!Number.isNaN(startedAt) && { timestamp: Math.floor(startedAt / 1000) }),
        ...(title !== undefined && { title }),
      })}\n`;
    }
    if (event.kind === "console" && event.console === options.console) {
      for await (const bytes of pieces(event.offset, event.length, options.read)) {
        const text = decoder.decode(bytes, { stream: true });
        if (text) yield line(event.t, "o", text);
      }
    } else if (event.kind === "input" && event.console === options.console) {
      yield line(event.t, "i", typed(event));
    } else if (event.kind === "power") {
      yield line(event.t, "m", `${event.event.kind} (${event.event.cause})`);
    }
  }
  const rest = decoder.decode();
  if (rest) yield line(last, "o", rest);
}

async function* pieces(offset: number, length: number, read: AsciicastOptions["read"]): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < length; ) {
    const bytes = await read(offset + done, Math.min(readSize, length - done));
    if (bytes.length === 0) return;
    yield bytes;
    done += bytes.length;
  }
}

function typed(event: Extract<TraceEvent, { kind: "input" }>): string {
  if (event.hidden !== undefined) return "*".repeat(Math.min(event.hidden, 80));
  return event.text ?? Buffer.from(event.base64 ?? "", "base64").toString("utf8");
}
