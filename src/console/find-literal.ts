import { type Finder, firstPlaceFor, type Span } from "./finder.ts";

/** Native search; the last characters are kept, as many as a match may have started in. */
export class LiteralFinder implements Finder {
  readonly #literal: string;
  keepFrom = 0;

  constructor(literal: string) {
    this.#literal = literal;
  }

  find(text: string, from: number): Span | undefined {
    const start = text.indexOf(this.#literal, Math.max(from, this.keepFrom));
    this.keepFrom = Math.max(this.keepFrom, text.length - this.#literal.length + 1);
    return start < 0 ? undefined : { start, end: start + this.#literal.length, captures: [], groups: {} };
  }

  firstOpenStart(text: string, from: number): number {
    return firstPlaceFor(this.#literal, text, Math.max(from, this.keepFrom));
  }

  provisional(): undefined {
    return undefined;
  }

  shift(count: number): void {
    this.keepFrom -= count;
  }
}
