import {
  again,
  type Code,
  get,
  i8x16,
  i32,
  loop,
  moduleOf,
  returns,
  set,
  tee,
  v128,
  when,
} from "../../console/scan/assembler.ts";
import { bytesAt, loadTables, runOf, scratchAt, shortTablesAt } from "../../console/scan/memory.ts";

/** Bytes of a word that are looked up by halves; one more goes into the hash. */
const places = 3;
const hashedBytes = 4;
/** Behind the tables of halves: a bit for each hash. */
const hashesAt = shortTablesAt + 128;
const tableBytes = 128 + 8192;
const hashFactor = 0x9e3779b1 | 0;
/** Windows in these buckets are too short for a hash: of three bytes, and of two. */
const sureBuckets = { three: 0x40, two: 0x80 } as const;
const hashedBuckets = 6;

const [from, end] = [0, 1];
const [low, high, first, second, firstBefore, secondBefore, hits, mask, at, hash] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

/** Which of the eight buckets have a window whose byte number `index` is like these. */
function bucketsOf(index: number): Code {
  const table = (half: number) => v128.load(i32.const(shortTablesAt))(index * 32 + half);
  return v128.and(i8x16.swizzle(table(0), get(low)), i8x16.swizzle(table(16), get(high)));
}

/** The sixteen lanes that end so many before the last one of `now`. */
function earlier(lanes: number, before: number, now: number): Code {
  const numbers = Array.from({ length: 16 }, (_, lane) => 16 - lanes + lane);
  return i8x16.shuffle(numbers, get(before), get(now));
}

const isSure = i32.and(i32.load8(i32.ctz(get(mask)))(scratchAt), i32.const(sureBuckets.three | sureBuckets.two));
const hashOf = (bytes: Code) => i32.shr(i32.mul(bytes, i32.const(hashFactor)), i32.const(16));
const hashBit = i32.and(
  i32.shr(i32.load8(i32.shr(get(hash), i32.const(3)))(hashesAt), i32.and(get(hash), i32.const(7))),
  i32.const(1),
);

/**
 * Sixteen bytes at a time are looked up by halves, each of which tells in which of eight buckets it is known (the "Teddy"
 * of X. Wang et al., "Hyperscan: A Fast Multi-pattern Regex Matcher for Modern CPUs", NSDI 2019); then by their hash.
 */
const run = runOf(
  moduleOf({
    parameters: ["i32", "i32"],
    result: "i32",
    locals: ["v128", "v128", "v128", "v128", "v128", "v128", "v128", "i32", "i32", "i32"],
    body: [
      ...loop(
        when(i32.ge(get(from), i32.add(get(end), i32.const(places - 1))), returns(get(end))),
        set(hits, v128.load(get(from))()),
        set(low, v128.and(get(hits), i8x16.splat(i32.const(0x0f)))),
        set(high, i8x16.shr(get(hits), i32.const(4))),
        set(first, bucketsOf(0)),
        set(second, bucketsOf(1)),
        set(hits, v128.and(v128.and(earlier(2, firstBefore, first), earlier(1, secondBefore, second)), bucketsOf(2))),
        set(firstBefore, get(first)),
        set(secondBefore, get(second)),
        when(
          v128.anyTrue(get(hits)),
          v128.store(i32.const(scratchAt), get(hits))(),
          set(mask, i8x16.bitmask(i8x16.notEqual(get(hits), i8x16.splat(i32.const(0))))),
          loop(
            set(at, i32.sub(i32.add(get(from), i32.ctz(get(mask))), i32.const(places - 1))),
            when(i32.ge(get(at), get(end)), returns(get(end))),
            when(isSure, returns(get(at))),
            set(hash, hashOf(i32.load(get(at))())),
            when(hashBit, returns(get(at))),
            when(tee(mask, i32.and(get(mask), i32.sub(get(mask), i32.const(1)))), again(1)),
          ),
        ),
        set(from, i32.add(get(from), i32.const(16))),
        again(),
      ),
      0x00,
    ],
  }),
);

/** Finds where words of two characters or more may begin. */
export class ShortWindows {
  readonly #tables = new Uint8Array(tableBytes);

  constructor(words: readonly Buffer[]) {
    const hashed = words.filter((word) => word.length >= hashedBytes).sort(Buffer.compare);
    // Neighbours are alike, and share a bucket at little cost.
    for (const [index, word] of hashed.entries()) {
      this.#enter(word, 1 << Math.floor((index * hashedBuckets) / hashed.length));
      const key = Math.imul(word.readInt32LE(0), hashFactor) >>> 16;
      this.#tables[hashesAt - shortTablesAt + (key >> 3)] =
        (this.#tables[hashesAt - shortTablesAt + (key >> 3)] ?? 0) | (1 << (key & 7));
    }
    for (const word of words)
      if (word.length < hashedBytes) this.#enter(word, word.length === 3 ? sureBuckets.three : sureBuckets.two);
  }

  /** The first place in [start, end) of the bytes in the memory. */
  next(start: number, end: number): number {
    loadTables(this.#tables, shortTablesAt);
    return run(bytesAt + start, bytesAt + end) - bytesAt;
  }

  #enter(word: Buffer, bucket: number): void {
    for (let index = 0; index < places; index++) {
      const byte = word[index];
      for (let half = 0; half < 16; half++) {
        const [lowAt, highAt] = [index * 32 + half, index * 32 + 16 + half];
        if (byte === undefined || half === (byte & 15)) this.#tables[lowAt] = (this.#tables[lowAt] ?? 0) | bucket;
        if (byte === undefined || half === byte >> 4) this.#tables[highAt] = (this.#tables[highAt] ?? 0) | bucket;
      }
    }
  }
}
