import fc from "fast-check";
import { expect, test } from "vitest";
import { searchForAny } from "./any-search.ts";
import { compilePattern } from "./pattern.ts";
import { searchFor } from "./search.ts";
import { find, GrowingRecord, whole } from "./test/growing-record.ts";
import { cutTranscript } from "./test/transcript.ts";

const anyOf = (patterns: readonly (string | RegExp)[]) =>
  searchForAny(patterns.map((pattern) => compilePattern(pattern)));

const some = fc.constantFrom<(string | RegExp)[]>(
  ...["login", "login: ", "log", "ok", "b\n", "é", "error 7"],
  ...[/login: ok/, /lo.*: /, /^b/, /(a|b)?error [0-9]/, /a.*b/, /\S+ b/],
  ...[/\w+/, /^ok$/, /lo.*/, /b$/, /a\b/, /a(?!b)/],
  ...[/a\s+b/, /b[^c]*c/, /[\s\S]{4}\n/, /a\s*$/],
);
const list = fc.array(some, { minLength: 1, maxLength: 4 });

test("of what each would find by itself, what starts first, and of those the first in the list, however it is cut", () => {
  fc.assert(
    fc.property(cutTranscript, list, ({ bytes, cuts, offset }, patterns) => {
      const alone = patterns.map((pattern) => find(bytes, whole(bytes), offset, searchFor(compilePattern(pattern))));
      const first = Math.min(...alone.map((hit) => hit?.start ?? Number.POSITIVE_INFINITY));
      const index = alone.findIndex((hit) => hit?.start === first);
      const found = find(bytes, cuts, offset, anyOf(patterns));
      expect(found).toEqual(index < 0 ? undefined : { ...alone[index], index });
    }),
    { numRuns: 3000 },
  );
});

/** How many bytes it takes until the answer is known without any silence. */
function bytesUntilKnown(text: string, patterns: readonly (string | RegExp)[]): number | undefined {
  const bytes = Buffer.from(text);
  const record = new GrowingRecord(bytes);
  const looking = anyOf(patterns).lookFrom(record, 0);
  for (record.end = 1; record.end <= bytes.length; record.end++) {
    if (looking.advance(record.end)) return record.end;
  }
  return undefined;
}

test.each<[string, (string | RegExp)[], number | undefined]>([
  ["Password: ", ["login: ", "Password: "], 10],
  ["Password: ", [/login: /, /Password: /], 10],
  ["Password: ", [/^login: /, /[Pp]assword: /], 10],
  // The first may still begin with the "P" and win the tie.
  ["Pass, and more\n", ["Password: ", "Pass"], 5],
  ["Pass", ["Password: ", "Pass"], undefined],
  // It cannot be known what a pattern without a beginning of plain text makes of the rest of the line.
  ["Password: \n", [/\w+ \d/, "Password: "], 11],
  ["BEGIN x Password: END", [/BEGIN.*END/, "Password: "], 21],
])("%j is known to be one of %j at byte %s", (text, patterns, known) => {
  expect(bytesUntilKnown(text, patterns)).toBe(known);
});
