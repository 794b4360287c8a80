import { again, type Code, get, i32, i64, loop, moduleOf, returns, set, when } from "../../console/scan/assembler.ts";
import { bytesAt, loadTables, runOf, sampledTablesAt } from "../../console/scan/memory.ts";

/** Only every fourth place is looked at, so the windows of a word begin at four places one after the other. */
export const step = 4;
export const windowBytes = 6;
const hashBits = 14;
const tableBytes = 1 << hashBits;
const hashFactor = 0xff51afd7ed558ccdn;
const probes = [0, 1, 2, 3].map((probe) => probe * step);

const [from, end] = [0, 1];

/** Of the window `offset` bytes behind `from`: bits of its hash, as a look into the table with this number. */
function known(offset: number, table: number): Code {
  const window = i64.shl(i64.load(get(from))(offset), i64.const(64n - BigInt(windowBytes * 8)));
  const product = i64.mul(window, i64.const(BigInt.asIntN(64, hashFactor)));
  const shift = 64 - (table + 1) * hashBits;
  const index = i32.and(i64.wrap(i64.shr(product, i64.const(BigInt(shift)))), i32.const(tableBytes - 1));
  return i32.load8(index)(sampledTablesAt + table * tableBytes);
}

const anyKnown = probes.map((offset) => known(offset, 0)).reduce((all, one) => i32.or(all, one));

const run = runOf(
  moduleOf({
    parameters: ["i32", "i32"],
    result: "i32",
    locals: [],
    body: [
      ...loop(
        when(i32.ge(get(from), get(end)), returns(get(end))),
        when(
          anyKnown,
          ...probes.map((offset) =>
            when(i32.and(known(offset, 0), known(offset, 1)), returns(i32.add(get(from), i32.const(offset)))),
          ),
        ),
        set(from, i32.add(get(from), i32.const(probes.length * step))),
        again(),
      ),
      0x00,
    ],
  }),
);

/** Finds where windows of six bytes may be, at every fourth place. */
export class SampledWindows {
  readonly #tables = new Uint8Array(2 * tableBytes);

  constructor(windows: Iterable<Buffer>) {
    for (const window of windows) {
      const bytes = BigInt(window.readUIntLE(0, windowBytes)) << BigInt(64 - windowBytes * 8);
      const product = BigInt.asUintN(64, bytes * hashFactor);
      for (const table of [0, 1]) {
        const index = Number(product >> BigInt(64 - (table + 1) * hashBits)) & (tableBytes - 1);
        this.#tables[table * tableBytes + index] = 1;
      }
    }
  }

  /** The first place at `start`, `start` + 4, … of the bytes in the memory; `end` or later if none is before. */
  next(start: number, end: number): number {
    loadTables(this.#tables, sampledTablesAt);
    return run(bytesAt + start, bytesAt + end) - bytesAt;
  }
}
