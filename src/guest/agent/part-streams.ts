import { Readable, Writable } from "node:stream";
import type { AgentStream } from "./stream.ts";

/** Credit goes back in pieces: a frame for every few bytes would cost more than they do. */
const creditBytes = 16_384;

/** One part of a stream as its reader has it: read ahead by no more than its window. */
export class PartReader extends Readable {
  readonly #part: number;
  readonly #chunks: Buffer[] = [];
  #stream: AgentStream | undefined;
  #isWanted = false;
  #hasEnded = false;
  #owed = 0;

  constructor(part: number) {
    super();
    this.#part = part;
    // Its errors end no process when nobody listens.
    this.on("error", () => {});
  }

  /** Where credit is given back to. */
  set stream(stream: AgentStream) {
    this.#stream = stream;
    this.#payBack(0);
  }

  arrive(bytes: Buffer): void {
    // A reader that was destroyed reads nothing; whoever sends goes on all the same.
    if (this.destroyed) this.#payBack(bytes.length);
    else this.#chunks.push(bytes);
    this.#hand();
  }

  finish(): void {
    this.#hasEnded = true;
    this.#hand();
  }

  override _read(): void {
    this.#isWanted = true;
    this.#hand();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#payBack(this.#chunks.splice(0).reduce((sum, { length }) => sum + length, 0));
    done(error);
  }

  #hand(): void {
    while (this.#isWanted && this.#chunks.length > 0) {
      const [bytes] = this.#chunks.splice(0, 1);
      this.#isWanted = this.push(bytes);
      this.#payBack(bytes?.length ?? 0);
    }
    if (this.#hasEnded && this.#chunks.length === 0 && this.#isWanted) this.push(null);
  }

  #payBack(bytes: number): void {
    this.#owed += bytes;
    if (!this.#stream || (this.#owed < creditBytes && !this.destroyed)) return;
    this.#stream.takes(this.#part, this.#owed);
    this.#owed = 0;
  }
}

/** What goes to the guest: held up while the guest does not take it. */
export function partWriter(stream: AgentStream): Writable {
  const writer = new Writable({
    write: (chunk: Buffer, _, done) => stream.write(chunk, done),
    final: (done) => {
      stream.end();
      done();
    },
  });
  return writer.on("error", () => {});
}
