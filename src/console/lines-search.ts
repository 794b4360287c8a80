import type { ByteSource } from "./byte-source.ts";
import { lineWindowLength } from "./finder.ts";
import { AnyOrder, Consecutive, InOrder, type LineOrder } from "./line-order.ts";
import type { Line, LineHit, LinePattern } from "./line-pattern.ts";
import type { Looking, Missing, Sought } from "./looking.ts";
import { TextFeed } from "./text-feed.ts";

export interface LinesHit {
  /** In the patterns' order. */
  readonly hits: readonly LineHit[];
  readonly start: number;
  readonly end: number;
}

export interface LinesWanted {
  readonly patterns: readonly LinePattern[];
  readonly order: "in-order" | "consecutive" | "any";
  readonly skipsKernelLines: boolean;
}

export function searchForLines(wanted: LinesWanted): Sought<LinesHit> {
  const how = { "in-order": "", consecutive: "consecutive ", any: "unordered " };
  const lines = wanted.patterns.length > 1 ? "lines" : "line";
  return {
    title: `the ${how[wanted.order]}${lines} ${wanted.patterns.map(({ title }) => title).join(", ")}`,
    isPlural: wanted.patterns.length > 1,
    lookFrom: (source, offset) => new LinesSearch(source, offset, wanted),
    get tolerant() {
      return wanted.skipsKernelLines ? undefined : searchForLines({ ...wanted, skipsKernelLines: true });
    },
  };
}

const orders = { "in-order": InOrder, consecutive: Consecutive, any: AnyOrder };

/** Whole lines looked for from one offset on; the rest of a line that has begun before it is none. */
class LinesSearch implements Looking<LinesHit> {
  readonly #feed: TextFeed;
  readonly #order: LineOrder;
  readonly isOpen = true;
  /** Where the line begins that is being read, in the feed's text. */
  #lineStart: number | undefined;
  /** What follows up to the next line end has been looked at, or began before the offset. */
  #skipsRest = false;
  #searched = 0;

  constructor(source: ByteSource, offset: number, wanted: LinesWanted) {
    this.#feed = new TextFeed(source, offset, { isRaw: false, skipsKernelLines: wanted.skipsKernelLines });
    this.#order = new orders[wanted.order](wanted.patterns);
  }

  get position(): number {
    return this.#feed.position;
  }

  get carried(): number {
    return 0;
  }

  missing(): readonly Missing[] {
    return this.#order.missing();
  }

  progress(): string | undefined {
    return this.#order.progress();
  }

  advance(until: number, budgetMs = Number.POSITIVE_INFINITY): LinesHit | undefined {
    const pauseAt = performance.now() + budgetMs;
    while (this.#feed.position < until && performance.now() < pauseAt) {
      this.#feed.read(until);
      const found = this.#look();
      if (found) return found;
    }
    return undefined;
  }

  provisional(): LinesHit | undefined {
    if (!this.#feed.isReached || !this.#feed.hasBegun) return undefined;
    const start = this.#begin();
    const { text } = this.#feed;
    if (start === undefined || start === text.length || this.#skipsRest) return undefined;
    return found(this.#order.copy().take(this.#line(start, text.length)));
  }

  finish(): LinesHit | undefined {
    if (!this.#feed.isReached) return undefined;
    this.#feed.flush();
    return this.#look() ?? this.provisional();
  }

  /** Where the line begins that is being read; undefined while nothing has come from the offset on. */
  #begin(): number | undefined {
    const { from, text } = this.#feed;
    if (this.#lineStart === undefined && from < text.length) {
      this.#lineStart = from;
      this.#searched = from;
      this.#skipsRest = !this.#feed.startsLine;
    }
    return this.#lineStart;
  }

  #look(): LinesHit | undefined {
    const { text } = this.#feed;
    let start = this.#begin();
    if (start === undefined) return undefined;
    for (;;) {
      const lineFeed = text.indexOf("\n", this.#searched);
      const end = lineFeed < 0 ? text.length : lineFeed;
      if (lineFeed < 0 && end - start <= lineWindowLength) break;
      const hits = this.#skipsRest ? undefined : this.#order.take(this.#line(start, end));
      if (hits) return found(hits);
      this.#skipsRest = lineFeed < 0;
      start = lineFeed < 0 ? end : end + 1;
      this.#searched = start;
    }
    this.#searched = text.length;
    this.#forget(start);
    return undefined;
  }

  /** One character stays, so that the feed knows whether a line starts. */
  #forget(start: number): void {
    const spare = Math.max(0, start - 1);
    if (spare > 0) this.#feed.drop(spare);
    this.#lineStart = start - spare;
    this.#searched -= spare;
  }

  /** The line [start, end) of the text, which a line end follows unless the text ends there. */
  #line(start: number, end: number): Line {
    const feed = this.#feed;
    const isLong = end - start > lineWindowLength;
    const last = isLong ? start + lineWindowLength - 1 : Math.min(end, feed.text.length - 1);
    return {
      text: feed.text.slice(start, isLong ? last + 2 : end),
      bytesOf: (index) => feed.bytesOf(start + index),
      end: () => feed.bytesOf(last).end,
    };
  }
}

function found(hits: readonly LineHit[] | undefined): LinesHit | undefined {
  if (!hits) return undefined;
  const start = Math.min(...hits.map((hit) => hit.start));
  return { hits, start, end: Math.max(...hits.map((hit) => hit.lineEnd)) };
}
