import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mostBytes } from "../console/scan/memory.ts";
import { LineSplitter } from "./lines.ts";
import { Oracle, type OracleOptions } from "./oracle.ts";
import { requiredWords } from "./required-words.ts";
import type { Finding, Rule } from "./rule.ts";
import { builtinRules } from "./rules/builtin.ts";
import { WordScanner } from "./word-scanner.ts";

test("every rule of ours has words, so that no line need be read for its sake", () => {
  expect(builtinRules.filter(({ start }) => requiredWords(start) === undefined).map(({ id }) => id)).toEqual([]);
});

/** A start that requires no word makes the oracle read every line. */
const readsAll: Rule = { id: "all", os: "linux", type: "dos", start: /[^\s\S]/, title: "never", example: "" };

function findingsIn(chunks: readonly Buffer[], options: OracleOptions): Finding[] {
  const oracle = new Oracle(options);
  return [...chunks.flatMap((chunk) => [...oracle.push(chunk)]), ...oracle.end()];
}

const line = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...builtinRules.map(({ example }) => example)) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "[    0.000000] Linux version 6.12.0 (build@demo) #1 SMP",
      "[   12.000000] e1000: link is up",
      "[    0.500000] Call Trace:",
      " dump_stack+0x94/0xd8",
      "Booting the kernel",
      "[   99.000000] reboot: Restarting system",
      "root@demo:~# dmesg",
      "login: ",
      "",
      "[  OK  ] Started a.service",
      "\x1b[31mred\x1b[0m é",
    ),
  },
);

test("passing lines over changes no finding, however the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
      (lines, sizes) => {
        const log = Buffer.from(lines.join("\r\n"));
        const chunks: Buffer[] = [];
        for (let at = 0; at < log.length; ) {
          const size = sizes[chunks.length % sizes.length] ?? 1;
          chunks.push(log.subarray(at, at + size));
          at += size;
        }
        expect(findingsIn(chunks, {})).toEqual(findingsIn([log], { extra: [readsAll] }));
      },
    ),
    {
      numRuns: 500,
      // The line before the last one is passed over, and the last one has no end.
      examples: [
        [
          ["[   12.000000] link is up", "root@demo:~# dmesg", "[    0.000000] Linux version 6.12.0"],
          [27, 20],
        ],
      ],
    },
  );
});

test("a line whose beginning came before is passed over like any other", () => {
  const splitter = new LineSplitter();
  const passAll = (lines: Buffer) => (_from: number, end: number) => (lines.includes("odd") ? 0 : end);
  const texts = ["one\ntw", "o\nthr", "ee\n4o", "dd\nfive\nsi", "x\n"].flatMap((chunk) => [
    ...splitter.push(Buffer.from(chunk), passAll),
  ]);
  expect(texts).toEqual([{ text: "4odd", offset: 14, end: 18, passedOver: "three" }]);
});

test("a rule of the user's own that ignores case finds its lines among those that are passed over", () => {
  const start = /out of (?<what>paper|ink)/i;
  const rule: Rule = { id: "ink", os: "linux", type: "dos", start, title: "printer out of {what}", example: "" };
  const log = Buffer.from("[   12.000000] link is up\n[   13.000000] lp0: OUT OF Paper\n[   14.000000] link is up\n");
  for (const size of [1, 7, 30, log.length]) {
    const chunks = Array.from({ length: Math.ceil(log.length / size) }, (_, at) =>
      log.subarray(at * size, (at + 1) * size),
    );
    expect(findingsIn(chunks, { extra: [rule] }).map(({ title }) => title)).toEqual(["printer out of Paper"]);
  }
});

describe("the scanner", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "C", " "), minLength: 6, maxLength: 9 });

  test("finds what a search for each word would", () => {
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 1, maxLength: 5 }),
        fc.string({ unit: fc.constantFrom("a", "b", "C", " "), maxLength: 60 }),
        fc.array(fc.nat(60), { maxLength: 3 }),
        (words, text, places) => {
          const planted = places.reduce(
            (all, at, index) => all.slice(0, at) + (words[index] ?? "") + all.slice(at),
            text,
          );
          const bytes = Buffer.from(planted);
          const found = new WordScanner(words).next(bytes, 0, bytes.length);
          const all = words.map((word) => planted.indexOf(word)).filter((at) => at >= 0);
          if (all.length === 0) expect(found).toBe(bytes.length);
          else expect(words.some((word) => planted.startsWith(word, found))).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("finds the first of several in a long stretch, wherever they stand", () => {
    const words = ["panic: ", "Kernel panic - not", "BUG: soft lockup"];
    const scanner = new WordScanner(words);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3000 }),
        fc.array(fc.tuple(fc.nat(3000), fc.constantFrom(...words)), { maxLength: 3 }),
        fc.nat(40),
        (length, places, from) => {
          const lines = Buffer.from("kernel: all is well in panic and BUG\n".repeat(100).slice(0, length));
          for (const [at, word] of places) lines.write(word, at % (length + 1), "latin1");
          const text = lines.toString("latin1");
          const all = words.map((word) => text.indexOf(word, from)).filter((at) => at >= 0);
          const found = scanner.next(lines, from, lines.length);
          // Which of two that overlap, nobody asks: they are in one line.
          const lineOf = (at: number) => text.slice(0, at).split("\n").length;
          if (all.length === 0) expect(found).toBe(Math.max(lines.length, found));
          else expect(lineOf(found)).toBeLessThanOrEqual(lineOf(Math.min(...all)));
          if (found < lines.length) expect(words.some((word) => text.startsWith(word, found))).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test.each(["Kernel panic - not", "panic: ", "BUG", "[#"])("finds %j across the border of two blocks", (word) => {
    const scanner = new WordScanner([word]);
    for (let at = mostBytes - 2 * word.length; at <= mostBytes; at++) {
      const bytes = Buffer.alloc(2 * mostBytes, "all is well\n");
      bytes.write(word, at);
      expect(scanner.next(bytes, 0, bytes.length)).toBe(at);
    }
  });

  test("looks only between its bounds", () => {
    const bytes = Buffer.from("panic: one panic: two panic: three");
    const scanner = new WordScanner(["panic: "]);
    expect(scanner.next(bytes, 1, bytes.length)).toBe(11);
    expect(scanner.next(bytes, 12, 24)).toBe(24);
    expect(scanner.next(bytes, 0, 3)).toBe(3);
  });
});
