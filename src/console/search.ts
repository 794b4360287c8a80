import { type ByteSource, contextBefore } from "./byte-source.ts";
import type { Finder, Span } from "./finder.ts";
import type { Pattern } from "./pattern.ts";
import { rawView, readableView, type TextView } from "./text-view.ts";

/** A match by offset into the console's record. */
export interface Hit {
  readonly text: string;
  readonly groups: Readonly<Record<string, string | undefined>>;
  readonly captures: readonly (string | undefined)[];
  readonly start: number;
  readonly end: number;
}

/** Small reads first: most matches are near. Long ones stay in the processor's cache and V8's young generation. */
const firstRead = 4096;
const longestRead = 65_536;

/** One pattern looked for from one offset on, through bytes that are still coming. */
export class Search {
  readonly #source: ByteSource;
  readonly #offset: number;
  readonly #finder: Finder;
  readonly #pattern: Pattern;
  #begun: TextView | undefined;
  #position: number;
  #readLength = firstRead;
  /** Index of the first character of the view that a match may start with. */
  #from = 0;
  #isPastContext = false;

  constructor(source: ByteSource, offset: number, pattern: Pattern) {
    this.#source = source;
    this.#offset = offset;
    this.#finder = pattern.newFinder();
    this.#pattern = pattern;
    this.#position = offset;
  }

  /** Begins with the part of the cursor's line that stands before it. */
  get #view(): TextView {
    if (this.#begun) return this.#begun;
    const context = contextBefore(this.#source, this.#offset);
    const view = this.#pattern.isRaw ? rawView() : readableView(context.isLineStart);
    if (context.start < this.#offset) view.append(this.#source.read(context.start, this.#offset), context.start);
    this.#from = view.text.length;
    this.#begun = view;
    return view;
  }

  /** How far the record has been read. */
  get position(): number {
    return this.#position;
  }

  /** Characters that the next look goes over again. */
  get carried(): number {
    return this.#begun ? this.#begun.text.length - this.#finder.keepFrom : 0;
  }

  /** Looks through the record up to `until`; pauses after about `budgetMs`, and then `position` is short of it. */
  advance(until: number, budgetMs = Number.POSITIVE_INFINITY): Hit | undefined {
    const pauseAt = performance.now() + budgetMs;
    while (this.#position < until && performance.now() < pauseAt) {
      const bytes = this.#source.read(this.#position, Math.min(until, this.#position + this.#readLength));
      if (bytes.length === 0) throw new RangeError(`the console's record ends before byte ${until}`);
      this.#append(bytes, this.#position);
      this.#position += bytes.length;
      this.#readLength = Math.min(this.#readLength * 4, longestRead);
      const hit = this.#look();
      if (hit) return hit;
    }
    return undefined;
  }

  /** No more bytes will come: looks at what was held back as unfinished. */
  finish(): Hit | undefined {
    if (this.#source.end < this.#offset) return undefined;
    this.#view.flush();
    return this.#look() ?? this.provisional();
  }

  /** An open pattern's match on what has come so far. */
  provisional(): Hit | undefined {
    if (this.#source.end < this.#offset) return undefined;
    return this.#hit(this.#finder.provisional(this.#view.text, this.#from));
  }

  /** Leaves out whole lines that cannot hold a match: most of a long log is never decoded. */
  #append(bytes: Buffer, offset: number): void {
    const view = this.#view;
    const { needle } = this.#pattern;
    const head = view.isAtLineStart ? 0 : bytes.indexOf(0x0a) + 1;
    const tail = bytes.lastIndexOf(0x0a) + 1;
    if (!needle || head >= tail) return view.append(bytes, offset);
    if (head > 0) view.append(bytes.subarray(0, head), offset);
    const lines = bytes.toString("latin1", head, tail);
    for (let at = needle(lines, 0); at >= 0; ) {
      const start = head + lines.lastIndexOf("\n", at) + 1;
      const end = head + lines.indexOf("\n", at) + 1;
      view.append(bytes.subarray(start, end), offset + start);
      at = needle(lines, end - head);
    }
    if (tail < bytes.length) view.append(bytes.subarray(tail), offset + tail);
  }

  #look(): Hit | undefined {
    this.#skipContext();
    const hit = this.#hit(this.#finder.find(this.#view.text, this.#from));
    // One character stays as context: it tells whether a line starts after it.
    const spare = Math.min(this.#finder.keepFrom, this.#view.text.length) - 1;
    if (hit || spare <= 0) return hit;
    this.#view.drop(spare);
    this.#finder.shift(spare);
    this.#from = Math.max(0, this.#from - spare);
    return undefined;
  }

  /** A character whose bytes began before the cursor comes out after it; it belongs to what was before. */
  #skipContext(): void {
    const { text } = this.#view;
    while (!this.#isPastContext && this.#from < text.length) {
      if (this.#view.bytesOf(this.#from).start >= this.#offset) this.#isPastContext = true;
      else this.#from++;
    }
  }

  #hit(span: Span | undefined): Hit | undefined {
    if (!span) return undefined;
    const { captures, groups } = span;
    const text = this.#view.text.slice(span.start, span.end);
    if (text === "") {
      const before = span.start > 0 ? this.#view.bytesOf(span.start - 1).end : this.#offset;
      const at = Math.max(before, this.#offset);
      return { text, captures, groups, start: at, end: at };
    }
    const start = this.#view.bytesOf(span.start).start;
    return { text, captures, groups, start, end: this.#view.bytesOf(span.end - 1).end };
  }
}
