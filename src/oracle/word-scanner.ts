const longestWindow = 8;
const tableBits = 15;
const tableMask = (1 << tableBits) - 1;

interface Windowed {
  readonly word: Buffer;
  /** Where in the word its window begins: at the place least like ordinary text. */
  readonly window: number;
}

/**
 * Finds the first of many words in a stretch of bytes while it looks at few of them. S. Wu, U. Manber, "A fast algorithm
 * for multi-pattern searching" (TR-94-17), with blocks of three bytes, and in each word the window that is rarest.
 */
export class WordScanner {
  /** A shorter word would make every step a short one. */
  static readonly shortest = 6;
  readonly #length: number;
  /** How far the next window may be, by the hash of the three bytes that end this one; 0 if it may be a word's. */
  readonly #shifts = new Uint8Array(1 << tableBits);
  readonly #ends = new Map<number, Windowed[]>();

  /** `words` have at least `WordScanner.shortest` characters each, of one byte. */
  constructor(words: readonly string[]) {
    this.#length = Math.min(longestWindow, ...words.map((word) => word.length));
    this.#shifts.fill(this.#length - 2);
    for (const word of words) this.#enter({ word: Buffer.from(word, "latin1"), window: rarest(word, this.#length) });
  }

  /** Where the first of the words begins that lies within [from, end), by where their windows end; `end` if none does. */
  next(bytes: Uint8Array, from: number, end: number): number {
    const shifts = this.#shifts;
    for (let last = from + this.#length - 1; last < end; ) {
      const hash = blockHash(bytes, last);
      // The hash is within the table.
      const shift = shifts[hash] as number;
      if (shift > 0) last += shift;
      else {
        const at = this.#wordAt(bytes, last, hash, from, end);
        if (at !== undefined) return at;
        last++;
      }
    }
    return end;
  }

  #wordAt(bytes: Uint8Array, last: number, hash: number, from: number, end: number): number | undefined {
    for (const { word, window } of this.#ends.get(hash) ?? []) {
      const at = last - this.#length + 1 - window;
      if (at >= from && at + word.length <= end && isAt(bytes, at, word)) return at;
    }
    return undefined;
  }

  #enter(each: Windowed): void {
    for (let index = 2; index < this.#length; index++) {
      const hash = blockHash(each.word, each.window + index);
      const shift = this.#length - 1 - index;
      this.#shifts[hash] = Math.min(shift, this.#shifts[hash] ?? shift);
      if (shift === 0) this.#ends.set(hash, [...(this.#ends.get(hash) ?? []), each]);
    }
  }
}

/** Of the three bytes that end at `last`, which lie within `bytes`. */
function blockHash(bytes: Uint8Array, last: number): number {
  return (
    (((bytes[last - 2] as number) << 9) ^ ((bytes[last - 1] as number) << 5) ^ (bytes[last] as number)) & tableMask
  );
}

function isAt(bytes: Uint8Array, at: number, word: Buffer): boolean {
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word[index]) return false;
  return true;
}

/** Letters in lower case are what text is made of. */
function rarest(word: string, length: number): number {
  const commonness = (at: number) => word.slice(at, at + length).replace(/[^a-z]/g, "").length;
  let best = 0;
  for (let at = 1; at + length <= word.length; at++) if (commonness(at) < commonness(best)) best = at;
  return best;
}
