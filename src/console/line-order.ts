import { printable } from "../power/printable.ts";
import type { Line, LineHit, LinePattern } from "./line-pattern.ts";

/** Which lines meet which patterns, decided line by line. */
export interface LineOrder {
  /** The hits, in the patterns' order, once this line has completed them. */
  take(line: Line): readonly LineHit[] | undefined;
  /** One that goes on by itself, to try a line that may not be complete. */
  copy(): LineOrder;
  missing(): readonly LinePattern[];
  /** How far it came, for messages. */
  progress(): string | undefined;
}

function came(patterns: readonly LinePattern[], missing: readonly LinePattern[]): string | undefined {
  const found = patterns.length - missing.length;
  if (found === 0) return undefined;
  return `${found} of the ${patterns.length} lines came; missing: ${missing.map(({ title }) => title).join(", ")}`;
}

/** Other lines may stand between: each pattern takes the first line it fits behind the one before. */
export class InOrder implements LineOrder {
  readonly #patterns: readonly LinePattern[];
  readonly #found: LineHit[];

  constructor(patterns: readonly LinePattern[], found: readonly LineHit[] = []) {
    this.#patterns = patterns;
    this.#found = [...found];
  }

  take(line: Line): readonly LineHit[] | undefined {
    const hit = this.#patterns[this.#found.length]?.in(line);
    if (hit) this.#found.push(hit);
    return this.#found.length === this.#patterns.length ? this.#found : undefined;
  }

  copy(): LineOrder {
    return new InOrder(this.#patterns, this.#found);
  }

  progress(): string | undefined {
    return came(this.#patterns, this.missing());
  }

  missing(): readonly LinePattern[] {
    return this.#patterns.slice(this.#found.length);
  }
}

/** The most lines that came in a row, and the text of the one that should have gone on. */
interface Furthest {
  readonly length: number;
  readonly instead: string;
}

/** No other line between: every line may be the first of them. */
export class Consecutive implements LineOrder {
  readonly #patterns: readonly LinePattern[];
  /** Runs of lines that end with the last one and fit the first patterns, the longest first. */
  #runs: readonly (readonly LineHit[])[];
  #furthest: Furthest = { length: 0, instead: "" };

  constructor(patterns: readonly LinePattern[], runs: readonly (readonly LineHit[])[] = []) {
    this.#patterns = patterns;
    this.#runs = runs;
  }

  take(line: Line): readonly LineHit[] | undefined {
    const length = this.#runs[0]?.length ?? 0;
    this.#runs = [...this.#runs, []].flatMap((run) => {
      const hit = this.#patterns[run.length]?.in(line);
      return hit ? [[...run, hit]] : [];
    });
    const [longest = []] = this.#runs;
    if (longest.length === this.#patterns.length) return longest;
    if (longest.length <= length && length > this.#furthest.length) this.#furthest = { length, instead: line.text };
    return undefined;
  }

  copy(): LineOrder {
    return new Consecutive(this.#patterns, this.#runs);
  }

  progress(): string | undefined {
    const { length, instead } = this.#furthest;
    const missing = this.#patterns[length];
    if (length === 0 || (this.#runs[0]?.length ?? 0) > length || !missing) return came(this.#patterns, this.missing());
    return `${length} of the ${this.#patterns.length} lines came, but then "${printable(instead)}" instead of ${missing.title}`;
  }

  missing(): readonly LinePattern[] {
    return this.#patterns.slice(this.#runs[0]?.length ?? 0);
  }
}

type Fits = ReadonlyMap<number, LineHit>;

/**
 * Every pattern has a line of its own, in any order. A line that fits several is given to the one that leaves most to
 * the others: lines are matched to patterns along augmenting paths. A line that cannot be placed when it comes cannot
 * be placed later either, so only as many lines are kept as there are patterns.
 */
export class AnyOrder implements LineOrder {
  readonly #patterns: readonly LinePattern[];
  readonly #lineOf: (Fits | undefined)[];

  constructor(patterns: readonly LinePattern[], lineOf: readonly (Fits | undefined)[] = patterns.map(() => undefined)) {
    this.#patterns = patterns;
    this.#lineOf = [...lineOf];
  }

  take(line: Line): readonly LineHit[] | undefined {
    const fits = new Map<number, LineHit>();
    for (const [index, pattern] of this.#patterns.entries()) {
      const hit = pattern.in(line);
      if (hit) fits.set(index, hit);
    }
    this.#place(fits, new Set());
    const hits = this.#lineOf.map((placed, index) => placed?.get(index));
    return hits.every((hit) => hit !== undefined) ? hits : undefined;
  }

  copy(): LineOrder {
    return new AnyOrder(this.#patterns, this.#lineOf);
  }

  progress(): string | undefined {
    return came(this.#patterns, this.missing());
  }

  missing(): readonly LinePattern[] {
    return this.#patterns.filter((_, index) => !this.#lineOf[index]);
  }

  #place(line: Fits, visited: Set<number>): boolean {
    for (const index of line.keys()) {
      if (visited.has(index)) continue;
      visited.add(index);
      const holder = this.#lineOf[index];
      if (holder && !this.#place(holder, visited)) continue;
      this.#lineOf[index] = line;
      return true;
    }
    return false;
  }
}
