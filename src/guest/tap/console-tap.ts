import { Decoder } from "../../console/decoder.ts";
import { KernelLineFilter } from "../../console/kernel-lines.ts";
import type { OpenTap } from "./journal.ts";

/** The line that a stream begins with: until it comes, whatever a console prints is none. */
const beginning = /^ {0,8}(?:K?TAP version \d+$|1\.\.\d+(?:\s|$)|# Subtest(?:: |$))/;
/** What stands before each line of the kernel's: its level, the time, and who said it. */
const printk = /^(?:<\d{1,3}>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?/;
const longestLine = 65_536;

/**
 * Finds a TAP stream among all that a console prints, and reads it. A program's is read without the kernel's lines,
 * which land in the middle of its own; the kernel's own (KUnit) is in those lines, without what others print.
 */
export class ConsoleTap {
  readonly #open: (isKernel: boolean) => OpenTap;
  readonly #readsOn: boolean;
  readonly #filter = new KernelLineFilter();
  readonly #program = new Lines();
  readonly #kernel = new Lines();
  #found: { readonly tap: OpenTap; readonly isKernel: boolean } | undefined;

  /** `open` is called when a stream begins. `readsOn`: what comes after its plan is met still belongs to it. */
  constructor(open: (isKernel: boolean) => OpenTap, { readsOn = false }: { readsOn?: boolean } = {}) {
    this.#open = open;
    this.#readsOn = readsOn;
  }

  /** The stream, once it has begun. */
  get tap(): OpenTap | undefined {
    return this.#found?.tap;
  }

  get isOver(): boolean {
    return this.#found?.tap.isOver ?? false;
  }

  /** `bytes` follow those of the last call and start at `offset` of the record. Calls `onLine` with each line read. */
  push(bytes: Buffer, offset: number, onLine: (line: string) => void = () => {}): void {
    const spliced = this.#filter.push(bytes, offset);
    this.#filter.forget(spliced.offset);
    const said = this.#program.push(spliced.bytes, spliced.offset).map((line) => ({ line, isKernel: false }));
    const logged = this.#kernel.push(bytes, offset).flatMap((line) => {
      const prefix = printk.exec(line)?.[0];
      return prefix === undefined ? [] : [{ line: line.slice(prefix.length), isKernel: true }];
    });
    for (const { line, isKernel } of [...said, ...logged]) {
      if (!this.#found && beginning.test(line)) this.#found = { tap: this.#open(isKernel), isKernel };
      if (this.#found?.isKernel !== isKernel || (this.isOver && !this.#readsOn)) continue;
      this.#found.tap.push(`${line}\n`);
      onLine(line);
    }
  }
}

/** Bytes to the lines of text that they are, whole ones only. */
class Lines {
  readonly #decoder = new Decoder(true);
  #rest = "";

  push(bytes: Buffer, offset: number): string[] {
    const { text } = this.#decoder.decode(bytes.toString("latin1"), offset);
    const lines = (this.#rest + text).split("\n");
    this.#rest = (lines.pop() ?? "").slice(0, longestLine);
    return lines;
  }
}
