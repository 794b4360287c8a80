const longestWindow = 8;
/** Shorter stretches are looked at in one place after the other. */
const worthFour = 64;
const tableBits = 15;
const tableMask = (1 << tableBits) - 1;

type Four = readonly [number, number, number, number];

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
  /** 1 where a window begins with three bytes of this hash. */
  readonly #begins = new Uint8Array(1 << tableBits);
  readonly #ends: (Windowed[] | undefined)[] = new Array(1 << tableBits);

  /** `words` have at least `WordScanner.shortest` characters each, of one byte. */
  constructor(words: readonly string[]) {
    this.#length = Math.min(longestWindow, ...words.map((word) => word.length));
    this.#shifts.fill(this.#length - 2);
    for (const word of words) this.#enter({ word: Buffer.from(word, "latin1"), window: rarest(word, this.#length) });
  }

  /** Where the first of the words begins that lies within [from, end), by where their windows end; `end` if none does. */
  next(bytes: Uint8Array, from: number, end: number): number {
    const first = from + this.#length - 1;
    const part = Math.max(0, end - first) >> 2;
    const stops: Four = [first + part, first + 2 * part, first + 3 * part, end];
    const starts: Four = [first, stops[0], stops[1], stops[2]];
    const reached = part < worthFour ? starts : this.#inFour(bytes, starts, stops, from, end);
    for (const [index, stop] of stops.entries()) {
      const at = this.#inOne(bytes, reached[index] ?? stop, stop, from, end);
      if (at !== undefined) return at;
    }
    return end;
  }

  /** The word, if its window's last byte is in [last, stop). */
  #inOne(bytes: Uint8Array, last: number, stop: number, from: number, end: number): number | undefined {
    for (let at = last; at < stop; ) {
      const shift = this.#shiftAt(bytes, at);
      const word = shift === 0 ? this.#wordAt(bytes, at, from, end) : undefined;
      if (word !== undefined) return word;
      at += shift || 1;
    }
    return undefined;
  }

  /**
   * Goes on in four places at once, because a step waits for its look into the table: less than half the time. Returns
   * how far each came without a word, when one of them is at its stop or at a word.
   */
  #inFour(bytes: Uint8Array, starts: Four, stops: Four, from: number, end: number): Four {
    let [a, b, c, d] = starts;
    const [stopA, stopB, stopC, stopD] = stops;
    while (a < stopA && b < stopB && c < stopC && d < stopD) {
      const shiftA = this.#shiftAt(bytes, a);
      const shiftB = this.#shiftAt(bytes, b);
      const shiftC = this.#shiftAt(bytes, c);
      const shiftD = this.#shiftAt(bytes, d);
      if (shiftA === 0 && this.#wordAt(bytes, a, from, end) !== undefined) break;
      if (shiftB === 0 && this.#wordAt(bytes, b, from, end) !== undefined) break;
      if (shiftC === 0 && this.#wordAt(bytes, c, from, end) !== undefined) break;
      if (shiftD === 0 && this.#wordAt(bytes, d, from, end) !== undefined) break;
      a += shiftA || 1;
      b += shiftB || 1;
      c += shiftC || 1;
      d += shiftD || 1;
    }
    return [a, b, c, d];
  }

  #shiftAt(bytes: Uint8Array, last: number): number {
    // The hash is within the table.
    return this.#shifts[blockHash(bytes, last)] as number;
  }

  #wordAt(bytes: Uint8Array, last: number, from: number, end: number): number | undefined {
    const first = last - this.#length + 1;
    // Ends that are alike are many, windows few.
    if (this.#begins[blockHash(bytes, first + 2)] === 0) return undefined;
    for (const { word, window } of this.#ends[blockHash(bytes, last)] ?? []) {
      const at = first - window;
      if (at >= from && at + word.length <= end && isAt(bytes, at, word)) return at;
    }
    return undefined;
  }

  #enter(each: Windowed): void {
    this.#begins[blockHash(each.word, each.window + 2)] = 1;
    for (let index = 2; index < this.#length; index++) {
      const hash = blockHash(each.word, each.window + index);
      const shift = this.#length - 1 - index;
      this.#shifts[hash] = Math.min(shift, this.#shifts[hash] ?? shift);
      if (shift === 0) this.#ends[hash] = [...(this.#ends[hash] ?? []), each];
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
