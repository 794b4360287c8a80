import { bytesAt, memory, mostBytes } from "../console/scan/memory.ts";
import { SampledWindows, step, windowBytes } from "./scan/sampled-windows.ts";
import { ShortWindows } from "./scan/short-windows.ts";

/** A word of this length has a window at some place that is sampled. */
const sampled = windowBytes + step - 1;
/** Bytes behind a place that may belong to its window. */
const lookAhead = 8;

interface Windowed {
  readonly word: Buffer;
  /** Where in the word its window begins. */
  readonly window: number;
}

/** Finds the first of many words in a stretch of bytes. A word with another one in it is not looked for itself. */
export class WordScanner {
  /** A shorter word would be everywhere. */
  static readonly shortest = 2;
  readonly #long = new Map<number, Windowed[]>();
  readonly #short: readonly Windowed[];
  readonly #sampledWindows: SampledWindows;
  readonly #shortWindows: ShortWindows;

  /** `words` have at least `WordScanner.shortest` characters each, of one byte. */
  constructor(words: readonly string[]) {
    const needed = words.filter((word) => !words.some((other) => other !== word && word.includes(other)));
    const isLong = (word: string) => word.length >= sampled;
    for (const word of needed.filter(isLong)) this.#enter(word);
    this.#sampledWindows = new SampledWindows(
      [...this.#long.values()].flatMap(([first]) => (first ? [windowOf(first)] : [])),
    );
    this.#short = needed
      .filter((word) => !isLong(word))
      .map((word) => ({ word: Buffer.from(word, "latin1"), window: rarest(word, 4, 1) }));
    this.#shortWindows = new ShortWindows(this.#short.map(windowOf));
  }

  /** Where the first of the words begins that lies within [from, end), or one that overlaps it; `end` if none does. */
  next(bytes: Uint8Array, from: number, end: number): number {
    for (let block = from; block < end; block += mostBytes) {
      const blockEnd = Math.min(end, block + mostBytes);
      memory.set(bytes.subarray(block, Math.min(end, blockEnd + lookAhead)), bytesAt);
      const found = Math.min(
        this.#nextLong(bytes, block, blockEnd, { from, end }),
        this.#nextShort(bytes, block, blockEnd, { from, end }),
      );
      if (found < end) return found;
    }
    return end;
  }

  #nextLong(bytes: Uint8Array, block: number, blockEnd: number, bounds: Bounds): number {
    if (this.#long.size === 0) return bounds.end;
    for (let at = block; at < blockEnd; at += step) {
      at = block + this.#sampledWindows.next(at - block, blockEnd - block);
      if (at >= blockEnd) break;
      for (const each of this.#long.get(keyAt(bytes, at)) ?? []) {
        const start = wordAt(bytes, at, each, bounds);
        if (start !== undefined) return start;
      }
    }
    return bounds.end;
  }

  #nextShort(bytes: Uint8Array, block: number, blockEnd: number, bounds: Bounds): number {
    if (this.#short.length === 0) return bounds.end;
    for (let at = block; at < blockEnd; at++) {
      at = block + this.#shortWindows.next(at - block, blockEnd - block);
      if (at >= blockEnd) break;
      for (const each of this.#short) {
        const start = wordAt(bytes, at, each, bounds);
        if (start !== undefined) return start;
      }
    }
    return bounds.end;
  }

  #enter(text: string): void {
    const word = Buffer.from(text, "latin1");
    const first = rarest(text, windowBytes, step);
    for (let window = first; window < first + step; window++) {
      const key = keyAt(word, window);
      this.#long.set(key, [...(this.#long.get(key) ?? []), { word, window }]);
    }
  }
}

interface Bounds {
  readonly from: number;
  readonly end: number;
}

function windowOf({ word, window }: Windowed): Buffer {
  return word.subarray(window, window + windowBytes);
}

function keyAt(bytes: Uint8Array, at: number): number {
  let key = 0;
  for (let index = windowBytes - 1; index >= 0; index--) key = key * 256 + (bytes[at + index] ?? 0);
  return key;
}

function wordAt(bytes: Uint8Array, at: number, { word, window }: Windowed, { from, end }: Bounds): number | undefined {
  const start = at - window;
  if (start < from || start + word.length > end) return undefined;
  for (let index = 0; index < word.length; index++) if (bytes[start + index] !== word[index]) return undefined;
  return start;
}

/** From what logs are full of to what they rarely have. */
const byCommonness = " etaonirslducmp0fghbv1y2w-.:_3456789k=[](),/x\r\nISETACRPDNLMBFOUVGHjq";

/** What healthy systems say all the time. */
const ordinary =
  "operating system found, no device driver mounted, file started, service ready, detected, memory error";

/** How rare a character is, by its code: of those that logs do not have, all alike. */
const rarities = Array.from({ length: 256 }, (_, code) =>
  Math.log(1 + (byCommonness.indexOf(String.fromCharCode(code)) + 1 || 200)),
);

/** Where in the word the windows begin (`count`, one after the other) that are least like ordinary text. */
function rarest(word: string, length: number, count: number): number {
  const rarity = Array.from({ length: word.length - length + 1 }, (_, at) => {
    if (ordinary.includes(word.slice(at, at + length))) return 0;
    let sum = 0;
    for (let index = at; index < at + length; index++) sum += rarities[word.charCodeAt(index)] ?? 0;
    return sum;
  });
  let best = 0;
  let bestLeast = -1;
  for (let at = 0; at + count <= rarity.length; at++) {
    const least = Math.min(...rarity.slice(at, at + count));
    if (least > bestLeast) [best, bestLeast] = [at, least];
  }
  return best;
}
