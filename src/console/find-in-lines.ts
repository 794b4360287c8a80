import {
  execWithin,
  type Finder,
  firstPlaceFor,
  lineWindowLength,
  type Span,
  type Stretch,
  shortest,
  windowOverlap,
} from "./finder.ts";

/**
 * For a pattern that cannot match a line end: every line is searched by itself, so only the unfinished one is carried.
 * A closed pattern is found as soon as the line has it; an open one once its line is complete. Of a line longer than a
 * window, overlapping windows are searched.
 */
export class LineFinder implements Finder {
  readonly #regex: RegExp;
  /** Plain text that every match begins with. */
  readonly #prefix: string;
  readonly #isOpen: boolean;
  /** The unfinished line's beginning, or that of its current window. */
  keepFrom = 0;

  constructor(regex: RegExp, isOpen: boolean, prefix: string) {
    this.#regex = regex;
    this.#prefix = prefix;
    this.#isOpen = isOpen;
  }

  find(text: string, from: number): Span | undefined {
    for (;;) {
      const isFull = text.length - this.keepFrom >= lineWindowLength;
      const end = isFull ? this.keepFrom + lineWindowLength : text.length;
      const lineFeed = end > this.keepFrom ? text.lastIndexOf("\n", end - 1) : -1;
      const hasLine = lineFeed >= this.keepFrom;
      const stretch = this.#stretch(text, from);
      const found = this.#isOpen
        ? this.#open(stretch, hasLine ? lineFeed : isFull ? end : undefined)
        : this.#closed(stretch, end);
      if (found) return found;
      if (hasLine) this.keepFrom = lineFeed + 1;
      else if (isFull) this.keepFrom += lineWindowLength - windowOverlap;
      else return undefined;
    }
  }

  firstOpenStart(text: string, from: number): number {
    return firstPlaceFor(this.#prefix, text, Math.max(from, this.keepFrom));
  }

  provisional(text: string, from: number): Span | undefined {
    return this.#isOpen ? execWithin(this.#regex, this.#stretch(text, from), text.length) : undefined;
  }

  shift(count: number): void {
    this.keepFrom -= count;
  }

  #stretch(text: string, from: number): Stretch {
    return { text, window: this.keepFrom, from: Math.max(from, this.keepFrom) };
  }

  #open(stretch: Stretch, limit: number | undefined): Span | undefined {
    return limit === undefined ? undefined : execWithin(this.#regex, stretch, limit);
  }

  #closed(stretch: Stretch, end: number): Span | undefined {
    const found = execWithin(this.#regex, stretch, end);
    if (!found) return undefined;
    const line = found.start === 0 ? 0 : stretch.text.lastIndexOf("\n", found.start - 1) + 1;
    return shortest(this.#regex, { ...stretch, from: Math.max(stretch.from, line) }, found);
  }
}
