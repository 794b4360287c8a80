import { again, type Code, get, i8x16, i32, loop, moduleOf, returns, set, tee, v128, when } from "./assembler.ts";
import { bytesAt, found, foundAt, loadTables, memory, mostBytes, needleTablesAt, runOf } from "./memory.ts";

/** How many of a text's first bytes are compared. */
export const comparedBytes = 4;
const lanes = 16;
/** Bytes behind a place that are looked at with it. */
const lookAhead = comparedBytes - 1;

const [from, end] = [0, 1];
const [out, mask, hits] = [2, 3, 4];
const byte = (index: number) => 5 + index;
const wanted = (index: number) => 5 + comparedBytes + index;
const folded = (index: number) => 5 + 2 * comparedBytes + index;

const table = (slot: number) => v128.load(i32.const(needleTablesAt))(slot * lanes);
const tables = Array.from({ length: comparedBytes }, (_, index) => [
  set(wanted(index), table(index)),
  set(folded(index), table(comparedBytes + index)),
]).flat();

const isWanted = (index: number) => i8x16.equal(v128.or(get(byte(index)), get(folded(index))), get(wanted(index)));

/** A control, or what may be the first byte of one in UTF-8: the text may go on behind it. */
function mayBeLeftOut(index: number): Code {
  const is = (value: number) => i8x16.equal(get(byte(index)), i8x16.splat(i32.const(value)));
  return v128.or(i8x16.less(get(byte(index)), i8x16.splat(i32.const(0x20))), v128.or(is(0x7f), is(0xc2)));
}

/** From byte number `index` on the text goes on, or is interrupted. */
function goesOn(index: number): Code {
  const isNext = index === comparedBytes - 1 ? isWanted(index) : v128.and(isWanted(index), goesOn(index + 1));
  return v128.or(mayBeLeftOut(index), isNext);
}

const load = (index: number) => set(byte(index), v128.load(get(from))(index));

/** Writes down where the first bytes are that are looked for; returns the end of that list. */
const run = runOf(
  moduleOf({
    parameters: ["i32", "i32"],
    result: "i32",
    locals: ["i32", "i32", ...Array.from({ length: 1 + 3 * comparedBytes }, () => "v128" as const)],
    body: [
      ...tables.flat(),
      ...set(out, i32.const(foundAt)),
      ...loop(
        when(i32.ge(get(from), get(end)), returns(get(out))),
        load(0),
        load(1),
        set(hits, v128.and(isWanted(0), v128.or(isWanted(1), mayBeLeftOut(1)))),
        when(
          v128.anyTrue(get(hits)),
          ...Array.from({ length: comparedBytes - 2 }, (_, index) => load(index + 2)),
          set(mask, i8x16.bitmask(v128.and(get(hits), goesOn(1)))),
          when(
            get(mask),
            loop(
              i32.store(get(out), i32.add(get(from), i32.ctz(get(mask))))(),
              set(out, i32.add(get(out), i32.const(Int32Array.BYTES_PER_ELEMENT))),
              when(tee(mask, i32.and(get(mask), i32.sub(get(mask), i32.const(1)))), again(1)),
            ),
          ),
        ),
        set(from, i32.add(get(from), i32.const(lanes))),
        again(),
      ),
      0x00,
    ],
  }),
);

/** Finds where a text may begin, by its first bytes; whatever a decoder may leave out counts as all that follow it. */
export class NeedlePlaces {
  readonly #tables = new Uint8Array(2 * comparedBytes * lanes);

  /** At least `comparedBytes` bytes; those to be compared with some bits set are given with them set. */
  constructor(bytes: readonly number[], setBits: readonly number[]) {
    for (let index = 0; index < comparedBytes; index++) {
      this.#tables.fill(bytes[index] ?? 0, index * lanes, (index + 1) * lanes);
      this.#tables.fill(setBits[index] ?? 0, (comparedBytes + index) * lanes, (comparedBytes + index + 1) * lanes);
    }
  }

  /** In order. */
  *in(bytes: Uint8Array): Generator<number> {
    for (let block = 0; block < bytes.length; block += mostBytes) {
      const blockEnd = Math.min(bytes.length, block + mostBytes);
      memory.set(bytes.subarray(block, blockEnd + lookAhead), bytesAt);
      loadTables(this.#tables, needleTablesAt);
      const count = (run(bytesAt, bytesAt + blockEnd - block) - foundAt) / Int32Array.BYTES_PER_ELEMENT;
      // Copied: whoever gets these may scan something else before he asks for the next one.
      for (const place of count > 0 ? found.slice(0, count) : []) {
        const at = block + place - bytesAt;
        if (at < blockEnd) yield at;
      }
    }
  }
}
