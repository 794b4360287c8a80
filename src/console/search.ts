import type { ByteSource } from "./byte-source.ts";
import type { Finder, Span } from "./finder.ts";
import { windowLength } from "./finder.ts";
import type { Looking, Missing, Sought } from "./looking.ts";
import { type Pattern, tolerantOf } from "./pattern.ts";
import { TextFeed } from "./text-feed.ts";

/** A match by offset into the console's record. */
export interface Hit {
  readonly text: string;
  readonly groups: Readonly<Record<string, string | undefined>>;
  readonly captures: readonly (string | undefined)[];
  readonly start: number;
  readonly end: number;
}

export function searchFor(pattern: Pattern): Sought<Hit> {
  return {
    title: pattern.title,
    lookFrom: (source, offset) => new Search(source, offset, pattern),
    get tolerant() {
      return pattern.skipsKernelLines ? undefined : searchFor(tolerantOf(pattern));
    },
  };
}

/** One pattern looked for from one offset on, through bytes that are still coming. */
export class Search implements Looking<Hit> {
  readonly #source: ByteSource;
  readonly #offset: number;
  readonly #finder: Finder;
  readonly #pattern: Pattern;
  readonly #feed: TextFeed;

  constructor(source: ByteSource, offset: number, pattern: Pattern) {
    this.#source = source;
    this.#offset = offset;
    this.#finder = pattern.newFinder();
    this.#pattern = pattern;
    this.#feed = new TextFeed(source, offset, pattern);
  }

  get position(): number {
    return this.#feed.position;
  }

  get carried(): number {
    return this.#feed.hasBegun ? this.#feed.text.length - this.#finder.keepFrom + this.#feed.heldBack : 0;
  }

  get isOpen(): boolean {
    return this.#pattern.isOpen || this.#feed.holdsText;
  }

  missing(): readonly Missing[] {
    return [this.#pattern];
  }

  advance(until: number, budgetMs = Number.POSITIVE_INFINITY): Hit | undefined {
    const pauseAt = performance.now() + budgetMs;
    while (this.#feed.position < until && performance.now() < pauseAt) {
      this.#feed.read(until, this.#pattern.needle);
      const hit = this.#look();
      if (hit) return hit;
    }
    return undefined;
  }

  finish(): Hit | undefined {
    if (!this.#feed.isReached) return undefined;
    this.#feed.flush();
    return this.#look() ?? this.#provisional();
  }

  provisional(): Hit | undefined {
    if (!this.#feed.isReached) return undefined;
    return this.#provisional() ?? (this.#feed.holdsText ? this.#ifNoKernelLineBegins() : undefined);
  }

  /** No match that is still to come starts before this offset. */
  firstOpenOffset(): number {
    if (!this.#feed.hasBegun) return this.#offset;
    const index = this.#finder.firstOpenStart(this.#feed.text, this.#feed.from);
    return index < this.#feed.text.length ? this.#feed.bytesOf(index).start : Number.POSITIVE_INFINITY;
  }

  #provisional(): Hit | undefined {
    return this.#hit(this.#finder.provisional(this.#feed.text, this.#feed.from));
  }

  /** What looks like the beginning of a kernel line may be the end of a prompt. */
  #ifNoKernelLineBegins(): Hit | undefined {
    const { position } = this.#feed;
    const from = Math.max(this.#offset, position - windowLength);
    const source = { end: position, read: (start: number, end: number) => this.#source.read(start, end) };
    const search = new Search(source, from, this.#pattern);
    return search.advance(position) ?? search.finish();
  }

  #look(): Hit | undefined {
    const feed = this.#feed;
    const hit = this.#hit(this.#finder.find(feed.text, feed.from));
    // One character stays as context: it tells whether a line starts after it.
    const spare = Math.min(this.#finder.keepFrom, feed.text.length) - 1;
    if (hit || spare <= 0) return hit;
    feed.drop(spare);
    this.#finder.shift(spare);
    return undefined;
  }

  #hit(span: Span | undefined): Hit | undefined {
    if (!span) return undefined;
    const { captures, groups } = span;
    const text = this.#feed.text.slice(span.start, span.end);
    if (text === "") {
      const before = span.start > 0 ? this.#feed.bytesOf(span.start - 1).end : this.#offset;
      const at = Math.max(before, this.#offset);
      return { text, captures, groups, start: at, end: at };
    }
    const start = this.#feed.bytesOf(span.start).start;
    return { text, captures, groups, start, end: this.#feed.bytesOf(span.end - 1).end };
  }
}
