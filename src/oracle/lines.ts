import { stripVTControlCharacters } from "node:util";

/** What is kept of one line. No message of a kernel comes near. */
const longestLine = 4096;
const newline = 0x0a;

export interface ConsoleLine {
  readonly text: string;
  /** Of its first byte, from the stream's start. */
  readonly offset: number;
  /** Behind its last byte, the line feed not counted. */
  readonly end: number;
  /** The line before, if that was passed over. */
  readonly passedOver?: string;
}

/** Where at `from` or later the next line is that must be read; `end` if none before there needs to be. */
export type Skim = (from: number, end: number) => number;

/** Cuts a byte stream into lines, whatever its chunks; holds at most the kept part of one line. */
export class LineSplitter {
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #offset = 0;
  #lineOffset = 0;
  #passedOver: string | undefined;

  /** Yields the lines that the chunk ends, but for whole ones that `skim` passes over. */
  *push(bytes: Uint8Array, skim: (chunk: Buffer) => Skim = () => readAll): Generator<ConsoleLine> {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const next = skim(chunk);
    const lastEnd = chunk.lastIndexOf(newline);
    let from = 0;
    while (from <= lastEnd) {
      if (this.#keptBytes === 0) from = this.#passOver(chunk, from, next(from, lastEnd + 1));
      if (from > lastEnd) break;
      const end = chunk.indexOf(newline, from);
      const isJoined = this.#keptBytes > 0;
      const line = this.#lineTo(chunk, from, end);
      const text = () => readable(line.toString("utf8"));
      from = end + 1;
      // Its beginning came with an earlier chunk, so that it could not be passed over with the others.
      if (isJoined && skim(line)(0, line.length) >= line.length) this.#passedOver = text();
      else yield this.#withPassedOver({ text: text(), offset: this.#lineOffset, end: this.#offset + end });
      this.#lineOffset = this.#offset + from;
    }
    const rest = chunk.subarray(from, from + longestLine - this.#keptBytes);
    if (rest.length > 0) {
      // Copied, because the caller may use its buffer again.
      this.#kept.push(Buffer.from(rest));
      this.#keptBytes += rest.length;
    }
    this.#offset += chunk.length;
  }

  /** The line the guest is in, as far as it has come. It stays: what follows still belongs to it. */
  unfinished(): string | undefined {
    return this.#keptBytes > 0 ? readable(Buffer.concat(this.#kept).toString("utf8")) : undefined;
  }

  /** Ends the line the guest is in: what follows is the next one. */
  *end(): Generator<ConsoleLine> {
    if (this.#keptBytes === 0) return;
    const text = readable(this.#lineTo(Buffer.alloc(0), 0, 0).toString("utf8"));
    const line = { text, offset: this.#lineOffset, end: this.#offset };
    this.#lineOffset = this.#offset;
    yield this.#withPassedOver(line);
  }

  #withPassedOver(line: ConsoleLine): ConsoleLine {
    const passedOver = this.#passedOver;
    this.#passedOver = undefined;
    return passedOver === undefined ? line : { ...line, passedOver };
  }

  /** Passes over the lines before the one that holds the byte at `to`. Returns where that begins. */
  #passOver(chunk: Buffer, from: number, to: number): number {
    const start = to > from ? chunk.lastIndexOf(newline, to - 1) + 1 : from;
    if (start <= from) return from;
    const before = chunk.lastIndexOf(newline, start - 2) + 1;
    this.#passedOver = readable(chunk.toString("utf8", Math.max(from, before), start - 1).slice(0, longestLine));
    this.#lineOffset = this.#offset + start;
    return start;
  }

  /** The line that ends there, with what is kept of earlier chunks: as much as is kept of any line. */
  #lineTo(chunk: Buffer, from: number, end: number): Buffer {
    const rest = chunk.subarray(from, Math.min(end, from + longestLine - this.#keptBytes));
    if (this.#keptBytes === 0) return rest;
    const line = Buffer.concat([...this.#kept, rest]);
    this.#kept = [];
    this.#keptBytes = 0;
    return line;
  }
}

const readAll: Skim = (from) => from;

function readable(text: string): string {
  const plain = text.includes("\r") ? text.replaceAll("\r", "") : text;
  return plain.includes("\x1b") || plain.includes("\x9b") ? stripVTControlCharacters(plain) : plain;
}
