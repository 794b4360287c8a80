import { OffsetMap } from "./offset-map.ts";

/**
 * How a line of printk begins (print_prefix() in kernel/printk/printk.c): the level, if the console shows it, and the
 * time as "[%5lu.%06lu]". The caller ("[   T1]") follows it and is content to us.
 */
const head = /(?:<\d{1,3}>)?\[(?=[ \d]{5,12}\.) *(\d+\.\d{1,9})\]$/;
/** What may still become one, once the kernel lines that begin in it are taken out. */
const beginning = String.raw`(?:<\d{0,3}|<\d{1,3}>|(?:<\d{1,3}>)?\[[ \d]{0,12}(?:\.\d{0,9})?)`;
const longestHead = 32;
const longestFraction = 9;
/** A record of printk has 1 KiB, its prefix included. What goes on for longer is not one. */
const longestLine = 4096;
/** Lines within lines within lines: more than any console prints, and it bounds what is held back. */
const deepest = 4;
const beginnings = new RegExp(`${beginning}{1,${deepest}}$`);
const outerBeginnings = new RegExp(`${beginning}{1,${deepest - 1}}$`);

const lineFeed = 0x0a;
const bracket = 0x5d;
const fullStop = 0x2e;
const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 0x30 && byte <= 0x39;
/** Bytes that a kernel line's beginning may end with. */
const inHead = Array.from({ length: 256 }, (_, byte) => isDigit(byte) || "<>[ .".includes(String.fromCharCode(byte)));

interface OpenLine {
  /** Where it begins in the bytes that are held back. */
  readonly at: number;
  /** Where other lines begin that it may have landed in. */
  readonly from: number;
  readonly time: number;
}

/** Bytes of a console without the kernel's lines; `offset` counts only the bytes that were handed over. */
export interface Spliced {
  readonly bytes: Buffer;
  readonly offset: number;
}

/**
 * Takes whole lines of the kernel out of a console's bytes, wherever they start: in the middle of a line of text, of an
 * escape sequence, of a character, of another kernel line. It works on bytes, so that what stood around such a line is
 * decoded as if it had never been there.
 *
 * A kernel line within another is told from a time that the outer one quotes by the time itself: what interrupts a
 * line was printed later than it.
 */
export class KernelLineFilter {
  /** Bytes that are not handed over yet: kernel lines that have begun, and what may become one. */
  #held = Buffer.alloc(1024);
  #length = 0;
  /** Kernel lines that have no end yet, the outermost first. */
  readonly #open: OpenLine[] = [];
  /** What was before this in `#held` is not the beginning of a kernel line. */
  #settled = 0;
  #handedOver = 0;
  readonly #offsets = new OffsetMap();

  /** Bytes that are held back. */
  get held(): number {
    return this.#length;
  }

  /** True if the bytes that are held back need not be a kernel line's. */
  get holdsText(): boolean {
    return this.#length > 0 && this.#open.length === 0;
  }

  /** `bytes` follow those of the last call and start at `offset` of the record. */
  push(bytes: Buffer, offset: number): Spliced {
    this.#reserve(bytes.length);
    let nextBracket = -1;
    let nextLineFeed = -1;
    let at = 0;
    while (at < bytes.length) {
      if (nextBracket < at) nextBracket = nextTimeEnd(bytes, at);
      if (this.#open.length > 0 && nextLineFeed < at) nextLineFeed = indexOrEnd(bytes, lineFeed, at);
      const last = this.#open.length > 0 ? Math.min(nextBracket, nextLineFeed) : nextBracket;
      const stop = Math.min(last + 1, bytes.length);
      this.#append(bytes, at, stop, offset + at);
      at = stop;
      if (bytes[stop - 1] === bracket) this.#begin();
      // What stands before the next "]" is another text now.
      else if (bytes[stop - 1] === lineFeed && this.#end()) nextBracket = -1;
    }
    return this.#handOver(this.#open[0]?.from ?? this.#length - this.#begunBefore(this.#length, beginnings));
  }

  /** No more bytes will come. A kernel line without its end is left out like a whole one. */
  flush(): Spliced {
    const { at } = this.#open[0] ?? { at: this.#length };
    this.#open.length = 0;
    const rest = this.#handOver(at);
    this.#length = 0;
    return rest;
  }

  /** Where in the record the byte came from that was handed over as the `offset`th. */
  recordOffset(offset: number): number {
    return this.#offsets.at(offset).start;
  }

  /** Bytes handed over before this one will not be asked for again. */
  forget(offset: number): void {
    this.#offsets.forget(offset);
  }

  /** Pieces that the record's bytes were cut into, and that are still known. */
  get pieces(): number {
    return this.#offsets.size;
  }

  #append(bytes: Buffer, from: number, to: number, offset: number): void {
    this.#offsets.add(this.#handedOver + this.#length, offset, 1);
    this.#length += bytes.copy(this.#held, this.#length, from, to);
    for (;;) {
      const innermost = this.#open.at(-1);
      if (!innermost || this.#length - innermost.at <= longestLine) break;
      this.#open.pop();
    }
  }

  #begin(): void {
    const match = head.exec(this.#before(this.#length, longestHead));
    const outer = this.#open.at(-1);
    if (!match || this.#open.length >= deepest) return;
    const time = Number(match[1]);
    const at = this.#length - match[0].length;
    if (at < this.#settled || (outer && time < outer.time)) return;
    // As much as would have been held back, had the bytes come one by one.
    const from = Math.max(this.#settled, at - this.#begunBefore(at, outerBeginnings));
    this.#settled = from;
    this.#open.push({ at, from, time });
  }

  #end(): boolean {
    const line = this.#open.pop();
    if (!line) return false;
    this.#length = line.at;
    this.#settled = Math.min(this.#settled, line.from);
    this.#offsets.cut(this.#handedOver + line.at);
    return true;
  }

  /** How many bytes before `end` may be beginnings of kernel lines. */
  #begunBefore(end: number, what: RegExp): number {
    if (!inHead[this.#held[end - 1] ?? 0]) return 0;
    return what.exec(this.#before(end, deepest * longestHead))?.[0].length ?? 0;
  }

  #before(end: number, length: number): string {
    return this.#held.toString("latin1", Math.max(0, end - length), end);
  }

  #handOver(count: number): Spliced {
    const spliced = { bytes: Buffer.from(this.#held.subarray(0, count)), offset: this.#handedOver };
    this.#held.copyWithin(0, count, this.#length);
    this.#length -= count;
    this.#handedOver += count;
    this.#settled = Math.max(0, this.#settled - count);
    for (const [index, { at, from, time }] of this.#open.entries()) {
      this.#open[index] = { at: at - count, from: from - count, time };
    }
    return spliced;
  }

  #reserve(more: number): void {
    if (this.#held.length >= this.#length + more) return;
    const larger = Buffer.alloc(2 * (this.#length + more));
    this.#held.copy(larger, 0, 0, this.#length);
    this.#held = larger;
  }
}

function indexOrEnd(bytes: Buffer, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from);
  return at < 0 ? bytes.length : at;
}

/** Where the next "]" is that may end a time: most end something else. */
function nextTimeEnd(bytes: Buffer, from: number): number {
  for (let at = from; ; at++) {
    at = indexOrEnd(bytes, bracket, at);
    if (at === bytes.length) return at;
    let before = at - 1;
    while (before >= from && before >= at - longestFraction && isDigit(bytes[before])) before--;
    // What is before `from` is not what stands before it once kernel lines are taken out.
    if (before < from || (before < at - 1 && bytes[before] === fullStop)) return at;
  }
}
