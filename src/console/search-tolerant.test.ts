import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { searchForAny } from "./any-search.ts";
import { compileLine } from "./line-pattern.ts";
import { searchForLines } from "./lines-search.ts";
import { compilePattern } from "./pattern.ts";
import { type Hit, searchFor } from "./search.ts";
import { find, oneByOne, whole } from "./test/growing-record.ts";
import { interleave, kernelLine } from "./test/kernel-chatter.ts";
import { transcript } from "./test/transcript.ts";

const tolerant = { tolerateKernelMessages: true };
const one = (pattern: string | RegExp, options = tolerant) => searchFor(compilePattern(pattern, options));
const shape = (hit: Hit | undefined) => hit && { text: hit.text, captures: hit.captures, groups: hit.groups };

const patterns = [
  ...["login: ", "error 7", "b\n", "é", "ok\na"],
  ...[/login: ok/, /^b/, /(?<word>\w+):/, /a+b/, /^ok$/, /\w+/, /lo.*/, /b$/, /a\b/],
  ...[/a\s+b/, /b[^c]*c/, /[\s\S]{4}\n/, /a\s*$/, /a(?!\s*b)/],
];

describe("kernel lines at every offset change no match", () => {
  test.each(patterns)("%s", (pattern) => {
    fc.assert(
      fc.property(transcript, kernelLine, (bytes, line) => {
        const expected = find(bytes, whole(bytes), 0, one(pattern));
        for (let at = 0; at <= bytes.length; at++) {
          const { bytes: mixed, movedTo } = interleave(bytes, [{ at, line }]);
          const hit = find(mixed, whole(mixed), 0, one(pattern));
          expect(shape(hit)).toEqual(shape(expected));
          if (expected && expected.text !== "") expect(hit?.start).toBe(movedTo(expected.start));
        }
      }),
      { numRuns: 15 },
    );
  });

  test.each(patterns)("nor do several of them, however the stream is cut: %s", (pattern) => {
    const chatter = fc.array(fc.record({ at: fc.nat(300), line: kernelLine }), { maxLength: 6 });
    fc.assert(
      fc.property(transcript, chatter, fc.array(fc.nat(600), { maxLength: 8 }), (bytes, lines, points) => {
        const placed = lines.map(({ at, line }) => ({ at: Math.min(at, bytes.length), line }));
        const { bytes: mixed } = interleave(bytes, placed);
        const expected = shape(find(bytes, whole(bytes), 0, one(pattern)));
        const cuts = [...points.filter((point) => point < mixed.length), mixed.length];
        expect(shape(find(mixed, cuts, 0, one(pattern)))).toEqual(expected);
        expect(shape(find(mixed, oneByOne(mixed), 0, one(pattern)))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test("in raw bytes, in expectAny and in expectLines", () => {
    const anyOf = searchForAny(["ok", /lo.*:/, "b\n"].map((pattern) => compilePattern(pattern, tolerant)));
    const patternsOfLines = [compileLine(/a/), compileLine("ok")];
    const lines = searchForLines({ patterns: patternsOfLines, order: "in-order", skipsKernelLines: true });
    const raw = one("\xc3\xa9", { ...tolerant, raw: true } as typeof tolerant);
    fc.assert(
      fc.property(transcript, kernelLine, (bytes, line) => {
        for (let at = 0; at <= bytes.length; at += 3) {
          const { bytes: mixed } = interleave(bytes, [{ at, line }]);
          const looksOf = (record: Buffer) => {
            const any = find(record, whole(record), 0, anyOf);
            const all = find(record, whole(record), 0, lines);
            return [any?.index, shape(any), all?.hits.map(shape), shape(find(record, whole(record), 0, raw))];
          };
          expect(looksOf(mixed)).toEqual(looksOf(bytes));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("from a cursor", () => {
  const bytes = Buffer.from("log[    1.0] foo\r\nin: root\r\n");

  test.each(Array.from(bytes, (_, offset) => offset))("at byte %i, what was before is not found", (offset) => {
    const hit = find(bytes, oneByOne(bytes), offset, one(/\w+: r/));
    // The kernel line takes bytes 3 to 17; of the text, bytes 18 to 21 are "in: ".
    const left = "login: r".slice(Math.min(offset, 3) + Math.max(0, offset - 18));
    expect(hit?.text).toBe(/^\w+: r$/.test(left) ? left : undefined);
  });

  test("behind a kernel line, the line of text before it still goes on", () => {
    expect(find(bytes, whole(bytes), 18, one(/^in/))).toBeUndefined();
    expect(find(bytes, whole(bytes), 18, one("in: "))).toMatchObject({ start: 18, end: 22 });
    expect(find(bytes, whole(bytes), 7, one(/^in|root/))?.text).toBe("root");
  });

  test("a match knows the bytes it spans, kernel lines in it included", () => {
    expect(find(bytes, whole(bytes), 0, one("login: "))).toMatchObject({ start: 0, end: 22, text: "login: " });
  });
});

test("without the option kernel lines are text like any other", () => {
  const bytes = Buffer.from("log[    1.0] foo\r\nin: ");
  expect(find(bytes, whole(bytes), 0, one("login: ", { tolerateKernelMessages: false }))).toBeUndefined();
  expect(find(bytes, whole(bytes), 0, one(/\[ +1\.0\] foo$/, { tolerateKernelMessages: false }))?.start).toBe(3);
});
