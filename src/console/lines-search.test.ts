import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileLine } from "./line-pattern.ts";
import { type LinesWanted, searchForLines } from "./lines-search.ts";
import { find, GrowingRecord, whole } from "./test/growing-record.ts";
import { cutTranscript } from "./test/transcript.ts";
import { readText } from "./text.ts";

type Order = LinesWanted["order"];

function linesIn(bytes: Buffer, cuts: readonly number[], offset: number, patterns: (string | RegExp)[], order: Order) {
  const sought = searchForLines({ patterns: patterns.map(compileLine), order, skipsKernelLines: false });
  return find(bytes, cuts, offset, sought);
}

const textsIn = (text: string, patterns: (string | RegExp)[], order: Order) => {
  const bytes = Buffer.from(text);
  return linesIn(bytes, whole(bytes), 0, patterns, order)?.hits.map((hit) => hit.text);
};

/** By trying every choice of lines. */
function possible(lines: readonly string[], patterns: readonly (string | RegExp)[], order: Order): boolean {
  const fits = (pattern: string | RegExp, line: string) =>
    typeof pattern === "string" ? pattern === line : pattern.test(line);
  const choose = (index: number, used: readonly number[]): boolean => {
    const pattern = patterns[index];
    if (pattern === undefined) return true;
    const last = used.at(-1);
    return lines.some((line, at) => {
      const isPlaced =
        order === "any"
          ? !used.includes(at)
          : last === undefined || (order === "in-order" ? at > last : at === last + 1);
      return isPlaced && fits(pattern, line) && choose(index + 1, [...used, at]);
    });
  };
  return choose(0, []);
}

const pattern = fc.constantFrom<(string | RegExp)[]>("ok", "a", "b", "", "ab", /a/, /^b/, /b$/, /o|a/, /\d/, /^.?$/);
const patterns = fc.array(pattern, { minLength: 1, maxLength: 3 });
const order = fc.constantFrom<Order[]>("in-order", "consecutive", "any");

test("lines are found if some choice of lines fits, and not at another time if cut otherwise", () => {
  fc.assert(
    fc.property(cutTranscript, patterns, order, ({ bytes, cuts }, wanted, how) => {
      const record = new GrowingRecord(bytes);
      record.end = bytes.length;
      const lines = readText(record, 0, bytes.length).split("\n");
      // What follows the last line end is a line only if there is something.
      if (lines.at(-1) === "") lines.pop();
      const found = linesIn(bytes, whole(bytes), 0, wanted, how);
      expect(found !== undefined).toBe(possible(lines, wanted, how));
      expect(linesIn(bytes, cuts, 0, wanted, how)).toEqual(found);
    }),
    { numRuns: 3000 },
  );
});

test("from any offset, the same however it is cut, and nothing from before it", () => {
  fc.assert(
    fc.property(cutTranscript, patterns, order, ({ bytes, cuts, offset }, wanted, how) => {
      const found = linesIn(bytes, whole(bytes), offset, wanted, how);
      expect(linesIn(bytes, cuts, offset, wanted, how)).toEqual(found);
      for (const { start, end, lineEnd } of found?.hits ?? []) {
        expect(start).toBeGreaterThanOrEqual(offset);
        expect(end).toBeLessThanOrEqual(lineEnd);
      }
    }),
    { numRuns: 1000 },
  );
});

describe("which lines", () => {
  test("a text is the whole line, a regular expression is found in one", () => {
    expect(textsIn("one more\none\n", ["one"], "in-order")).toEqual(["one"]);
    expect(textsIn("one more\r\none\r\n", [/o\w+/, /^one$/], "in-order")).toEqual(["one", "one"]);
    expect(textsIn("one\ntwo\n", [/one\ntwo/], "in-order")).toBeUndefined();
  });

  test("gaps are allowed unless they are consecutive", () => {
    expect(textsIn("a\nx\nb\n", ["a", "b"], "in-order")).toEqual(["a", "b"]);
    expect(textsIn("a\nx\nb\n", ["a", "b"], "consecutive")).toBeUndefined();
    expect(textsIn("a\na\nb\n", ["a", "b"], "consecutive")).toEqual(["a", "b"]);
    expect(textsIn("b\na\n", ["a", "b"], "in-order")).toBeUndefined();
  });

  test("in any order, no line counts twice, and none is wasted", () => {
    expect(textsIn("b\na\n", ["a", "b"], "any")).toEqual(["a", "b"]);
    expect(textsIn("ok\n", ["ok", "ok"], "any")).toBeUndefined();
    expect(textsIn("ab\nac\n", [/a./, /ab/], "any")).toEqual(["ac", "ab"]);
  });

  test("of a line longer than the window its beginning is looked at, and `$` is not taken for its end", () => {
    const long = "x".repeat(20_000);
    expect(textsIn(`${long}\nok\n`, [/^x+$/, "ok"], "in-order")).toBeUndefined();
    expect(textsIn(`y${long}\nok\n`, [/^yx/, "ok"], "in-order")).toEqual(["yx", "ok"]);
    const bytes = Buffer.from(`y${long}\nok\n`);
    const cuts = [1, 16_384, 16_385, 16_386, 20_001, bytes.length];
    const found = linesIn(bytes, whole(bytes), 0, [/^yx/, "ok"], "in-order");
    expect(linesIn(bytes, cuts, 0, [/^yx/, "ok"], "in-order")).toEqual(found);
  });
});
