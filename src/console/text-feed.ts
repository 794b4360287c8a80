import { type ByteSource, contextBefore, contextFarBefore } from "./byte-source.ts";
import { KernelLineFilter } from "./kernel-lines.ts";
import type { Needle } from "./needle.ts";
import { rawView, readableView, type TextView } from "./text-view.ts";

export interface Reading {
  /** Every byte is one character. */
  readonly isRaw: boolean;
  /** Whole lines of the kernel are left out, wherever they start. */
  readonly skipsKernelLines: boolean;
}

/** Small reads first: most matches are near. Long ones stay in the processor's cache and V8's young generation. */
const firstRead = 4096;
const longestRead = 65_536;
/** Kernel lines whose places are remembered before those that are out of sight are forgotten. */
const rememberedPieces = 1024;

/** The record from an offset on as text that grows as it is read, and the part of the offset's line before it. */
export class TextFeed {
  readonly #source: ByteSource;
  readonly #offset: number;
  readonly #reading: Reading;
  readonly #filter: KernelLineFilter | undefined;
  #begun: TextView | undefined;
  #position: number;
  #readLength = firstRead;
  #from = 0;
  #isPastContext = false;
  #beganAtLineStart = false;

  constructor(source: ByteSource, offset: number, reading: Reading) {
    this.#source = source;
    this.#offset = offset;
    this.#reading = reading;
    this.#filter = reading.skipsKernelLines ? new KernelLineFilter() : undefined;
    this.#position = offset;
  }

  /** How far the record has been read. */
  get position(): number {
    return this.#position;
  }

  /** True if the record reaches the offset. */
  get isReached(): boolean {
    return this.#source.end >= this.#offset;
  }

  get hasBegun(): boolean {
    return this.#begun !== undefined;
  }

  get text(): string {
    return this.#view.text;
  }

  /** Index of the first character that came from the offset or behind it. */
  get from(): number {
    this.#skipContext();
    return this.#from;
  }

  /** True if the character at `from` starts a line. */
  get startsLine(): boolean {
    const { from, text } = this;
    return from === 0 ? this.#beganAtLineStart : text[from - 1] === "\n";
  }

  /** Bytes that are held back, since they may be the kernel's. */
  get heldBack(): number {
    return this.#filter?.held ?? 0;
  }

  /** True if what is held back may as well be text. */
  get holdsText(): boolean {
    return this.#filter?.holdsText ?? false;
  }

  /** Reads on, `until` at most. Whole lines in which the needle is not are left out: most of a log is never decoded. */
  read(until: number, needle?: Needle): void {
    const end = Math.min(until, this.#position + this.#readLength);
    const bytes = this.#source.peek?.(this.#position, end) ?? this.#source.read(this.#position, end);
    if (bytes.length === 0) throw new RangeError(`the console's record ends before byte ${until}`);
    this.#append(bytes, needle);
    this.#position += bytes.length;
    this.#readLength = Math.min(this.#readLength * 4, longestRead);
  }

  /** No more bytes will come: what was held back as unfinished comes out. */
  flush(): void {
    const view = this.#view;
    if (this.#filter) {
      const { bytes, offset } = this.#filter.flush();
      if (bytes.length > 0) view.append(bytes, offset);
    }
    view.flush();
  }

  /** Forgets the first `count` characters. */
  drop(count: number): void {
    this.#view.drop(count);
    this.#from = Math.max(0, this.#from - count);
    this.#beganAtLineStart = false;
    if (this.#filter && this.#filter.pieces > rememberedPieces) this.#filter.forget(this.#view.bytesOf(0).start);
  }

  /** The bytes [start, end) of the record that character `index` came from. */
  bytesOf(index: number): { start: number; end: number } {
    const bytes = this.#view.bytesOf(index);
    if (!this.#filter) return bytes;
    return { start: this.#filter.recordOffset(bytes.start), end: this.#filter.recordOffset(bytes.end - 1) + 1 };
  }

  get #view(): TextView {
    if (this.#begun) return this.#begun;
    const contextOf = this.#filter ? contextFarBefore : contextBefore;
    const context = contextOf(this.#source, this.#offset);
    const view = this.#reading.isRaw ? rawView() : readableView(context.isLineStart);
    this.#begun = view;
    this.#beganAtLineStart = context.isLineStart;
    if (context.start < this.#offset) this.#decode(this.#source.read(context.start, this.#offset), context.start);
    this.#from = view.text.length;
    return view;
  }

  /** The text keeps its bytes, and what was peeked at is soon overwritten: what it takes is copied. */
  #append(bytes: Buffer, needle: Needle | undefined): void {
    const view = this.#view;
    const offset = this.#position;
    const head = view.isAtLineStart ? 0 : bytes.indexOf(0x0a) + 1;
    const tail = bytes.lastIndexOf(0x0a) + 1;
    // A kernel line may stand in the needle.
    if (this.#filter || !needle || head >= tail) return this.#decode(Buffer.from(bytes), offset);
    const take = (start: number, end: number) => {
      if (start < end) view.append(Buffer.from(bytes.subarray(start, end)), offset + start);
    };
    take(0, head);
    const lines = bytes.subarray(head, tail);
    let taken = 0;
    for (const at of needle(lines)) {
      if (at < taken) continue;
      taken = lines.indexOf(0x0a, at) + 1;
      take(head + lines.lastIndexOf(0x0a, at) + 1, head + taken);
    }
    take(tail, bytes.length);
  }

  #decode(bytes: Buffer, offset: number): void {
    const spliced = this.#filter ? this.#filter.push(bytes, offset) : { bytes, offset };
    if (spliced.bytes.length > 0) this.#view.append(spliced.bytes, spliced.offset);
  }

  /** A character whose bytes began before the offset may come out after it; it belongs to what was before. */
  #skipContext(): void {
    const { text } = this.#view;
    while (!this.#isPastContext && this.#from < text.length) {
      if (this.bytesOf(this.#from).start >= this.#offset) this.#isPastContext = true;
      else this.#from++;
    }
  }
}
