import {
  execWithin,
  type Finder,
  firstPlaceFor,
  type Span,
  type Stretch,
  shortest,
  windowLength,
  windowOverlap,
} from "./finder.ts";

/**
 * For a pattern that may match line ends: a window is searched that grows up to its full length and then moves on,
 * keeping an overlap that starts with a line where it can. A closed pattern is found as soon as the text has it; an
 * open one at the first line end that lies behind its match, so that `\s*` at its tail has taken all it can.
 */
export class WindowFinder implements Finder {
  readonly #regex: RegExp;
  /** Plain text that every match begins with. */
  readonly #prefix: string;
  readonly #isOpen: boolean;
  readonly #looksAcrossLines: boolean;
  /** The window's beginning. */
  keepFrom = 0;
  /** Line ends up to here have been tried. */
  #tried = 0;

  constructor(regex: RegExp, facts: { isOpen: boolean; looksAcrossLines: boolean }, prefix: string) {
    this.#regex = regex;
    this.#prefix = prefix;
    this.#isOpen = facts.isOpen;
    this.#looksAcrossLines = facts.looksAcrossLines;
  }

  find(text: string, from: number): Span | undefined {
    for (;;) {
      const isFull = text.length - this.keepFrom >= windowLength;
      const end = isFull ? this.keepFrom + windowLength : text.length;
      const stretch = this.#stretch(text, from);
      const found = this.#isOpen ? this.#open(stretch, end, isFull) : this.#closed(stretch, end);
      if (found || !isFull) return found;
      const overlap = end - windowOverlap;
      const line = text.lastIndexOf("\n", overlap - 1) + 1;
      this.keepFrom = line > overlap - windowOverlap ? line : overlap;
      this.#tried = this.keepFrom;
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
    this.#tried -= count;
  }

  #stretch(text: string, from: number): Stretch {
    return { text, window: this.keepFrom, from: Math.max(from, this.keepFrom) };
  }

  #closed(stretch: Stretch, end: number): Span | undefined {
    const found = execWithin(this.#regex, stretch, end);
    return found && shortest(this.#regex, stretch, found);
  }

  #open(stretch: Stretch, end: number, isFull: boolean): Span | undefined {
    const { text } = stretch;
    const stop = isFull ? end : text.lastIndexOf("\n", end - 1) + 1;
    if (stop <= Math.max(this.#tried, this.keepFrom)) return undefined;
    let candidate = this.#tried;
    if (!this.#looksAcrossLines) {
      // Such a match would still be one in the longer text, so no match there means none at an earlier line end.
      const found = execWithin(this.#regex, stretch, stop);
      candidate = found ? Math.max(candidate, found.start) : stop;
    }
    while (candidate < stop) {
      const lineEnd = text.indexOf("\n", candidate) + 1;
      candidate = lineEnd > 0 && lineEnd <= stop ? lineEnd : stop;
      const match = execWithin(this.#regex, stretch, candidate);
      if (match && (match.end < candidate || (isFull && candidate === end))) return match;
    }
    this.#tried = stop;
    return undefined;
  }
}
