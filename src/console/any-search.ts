import type { ByteSource } from "./byte-source.ts";
import type { Looking, Missing, Sought } from "./looking.ts";
import { type Pattern, tolerantOf } from "./pattern.ts";
import { type Hit, Search } from "./search.ts";

export interface AnyHit extends Hit {
  /** Which of the patterns it is. */
  readonly index: number;
}

/** All searches stand at the same byte after each step. */
const step = 65_536;

export function searchForAny(patterns: readonly Pattern[]): Sought<AnyHit> {
  return {
    title: `any of ${patterns.map(({ title }) => title).join(", ")}`,
    lookFrom: (source, offset) => new AnySearch(source, offset, patterns),
    get tolerant() {
      return patterns.some((each) => !each.skipsKernelLines) ? searchForAny(patterns.map(tolerantOf)) : undefined;
    },
  };
}

/**
 * Several patterns at once: of what each of them would find by itself, what starts first, and of those that start at
 * the same byte the first one in the list. It is known once none of the others can still find something earlier.
 */
export class AnySearch implements Looking<AnyHit> {
  readonly #searches: readonly { readonly search: Search; readonly pattern: Pattern }[];
  readonly #hits: (Hit | undefined)[] = [];
  #position: number;

  constructor(source: ByteSource, offset: number, patterns: readonly Pattern[]) {
    this.#searches = patterns.map((pattern) => ({ search: new Search(source, offset, pattern), pattern }));
    this.#position = offset;
  }

  get position(): number {
    return this.#position;
  }

  get carried(): number {
    return Math.max(...this.#searches.map(({ search }) => search.carried));
  }

  get isOpen(): boolean {
    return this.#hits.some((hit) => hit) || this.#searches.some(({ search }) => search.isOpen);
  }

  missing(): readonly Missing[] {
    return this.#searches.map(({ pattern }) => pattern);
  }

  advance(until: number, budgetMs = Number.POSITIVE_INFINITY): AnyHit | undefined {
    const pauseAt = performance.now() + budgetMs;
    while (this.#position < until && performance.now() < pauseAt) {
      this.#position = Math.min(until, this.#position + step);
      this.#each((search) => search.advance(this.#position));
      const best = earliest(this.#hits);
      if (best && !this.#mayComeBefore(best)) return best;
    }
    return undefined;
  }

  provisional(): AnyHit | undefined {
    return earliest(this.#searches.map(({ search }, index) => this.#hits[index] ?? search.provisional()));
  }

  finish(): AnyHit | undefined {
    this.#each((search) => search.finish());
    return earliest(this.#hits);
  }

  #each(look: (search: Search) => Hit | undefined): void {
    for (const [index, { search }] of this.#searches.entries()) this.#hits[index] ??= look(search);
  }

  #mayComeBefore(best: AnyHit): boolean {
    return this.#searches.some(({ search }, index) => {
      if (this.#hits[index]) return false;
      const first = search.firstOpenOffset();
      return first < best.start || (first === best.start && index < best.index);
    });
  }
}

function earliest(hits: readonly (Hit | undefined)[]): AnyHit | undefined {
  let best: AnyHit | undefined;
  for (const [index, hit] of hits.entries()) {
    if (hit && (!best || hit.start < best.start)) best = { ...hit, index };
  }
  return best;
}
