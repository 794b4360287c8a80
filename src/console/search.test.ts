import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compilePattern } from "./pattern.ts";
import { type Hit, searchFor } from "./search.ts";
import { find, GrowingRecord, whole } from "./test/growing-record.ts";
import { cutTranscript, transcript } from "./test/transcript.ts";
import { readText } from "./text.ts";

function searchIn(bytes: Buffer, cuts: readonly number[], offset: number, pattern: string | RegExp, raw = false) {
  return find(bytes, cuts, offset, searchFor(compilePattern(pattern, { raw })));
}

const literals = ["login: ", "login", "error 7", "ok", "ab", "a\nb", "é", "🐧", "\ufffd", "b\n", ":\r\n"];
const closed = [
  /login: ok/,
  /(a|b)?error [0-9]/,
  /lo.*: /,
  /a+b/,
  /^b/,
  /\S+ b/,
  /a.*b/,
  /(?<word>\w+):/,
  /(a|ab)(c|b)/,
  /é./,
  /a{2}b/,
  /[^x]\d/,
  /a?b/i,
  /./u,
];
const acrossLines = [/a\s+b/, /b[^c]*c/, /(\w+)\n/, /a\r\nb/, /b\W/, /[\s\S]{4}\n/, /a.b/s];
const open = [
  /login:? ?/,
  /^login/,
  /\w+/,
  /^ok$/,
  /a+/,
  /lo.*/,
  /b$/,
  /a\b/,
  /^$/,
  /a(?!b)/,
  /(?<=a)b*/,
  /ok( a)?/,
  /^/,
  /(a)|b$/,
  /: ?$/,
];
const openAcrossLines = [/a\s*/, /b\s*$/, /a(?!\s*b)/, /[^c]+/, /a(\n|$)/, /\W*$/, /(?=\s)b*/];
const patterns = [...literals, ...closed, ...acrossLines, ...open, ...openAcrossLines];

describe("the answer does not depend on how the stream was cut", () => {
  test.each(patterns)("%s", (pattern) => {
    fc.assert(
      fc.property(cutTranscript, fc.boolean(), ({ bytes, cuts, offset }, wantsRaw) => {
        const raw = wantsRaw && !/[^\0-\xff]/.test(String(pattern));
        const cut = searchIn(bytes, cuts, offset, pattern, raw);
        expect(cut).toEqual(searchIn(bytes, whole(bytes), offset, pattern, raw));
      }),
      { numRuns: 200 },
    );
  });

  // Long enough for windows to move and reads to grow.
  const longPart = fc.oneof(
    transcript,
    fc
      .constantFrom("x".repeat(70_000), "a ".repeat(30_000), "line of text\r\n".repeat(9000), "\n".repeat(20_000))
      .map(Buffer.from),
    fc
      .constantFrom("\x1b[32mab\x1b[0m c\r\n".repeat(4000), `é${"y".repeat(9000)}\n`.repeat(9))
      .map((text) => Buffer.from(text)),
  );
  const long = fc.array(longPart, { minLength: 1, maxLength: 6 }).map((parts) => Buffer.concat(parts));
  test.each([
    ...["login: ", "ok\n"],
    ...[
      /login: /,
      /login.*b/,
      /a\s+b/,
      /b\s+c\n[\s\S]*?login/,
      /ok$/,
      /x+/,
      /a\s*$/,
      /ok(?!\s*a)/,
      /[^a]+/,
      /text\nl.*/,
    ],
  ])("%s in a long transcript", (pattern) => {
    fc.assert(
      fc.property(long, fc.array(fc.nat(400_000), { maxLength: 20 }), fc.nat(100_000), (bytes, points, start) => {
        const offset = Math.min(start, bytes.length);
        const cuts = [...points.filter((point) => point < bytes.length), bytes.length];
        expect(searchIn(bytes, cuts, offset, pattern)).toEqual(searchIn(bytes, whole(bytes), offset, pattern));
      }),
      { numRuns: 15 },
    );
  });
});

describe("how far a match may reach", () => {
  const filler = fc.record({ line: fc.integer({ min: 1, max: 6000 }), length: fc.nat(200_000) });
  const reaches = fc.oneof(fc.integer({ min: 8, max: 8192 }), fc.constant(8192));

  test.each([
    ["across lines", /BEGIN[\s\S]*?END/, "a line of text\n"],
    ["across lines, where they are long", /BEGIN[\s\S]*?END/, `${"y".repeat(3000)}\n`],
    ["in one line", /BEGIN.*?END/, "text "],
  ])("up to 8,192 characters it is found wherever it stands, %s", (_, pattern, between) => {
    fc.assert(
      fc.property(filler, reaches, ({ line, length }, reach) => {
        const before = `${"x".repeat(line)}${between.endsWith("\n") ? "\n" : " "}`;
        const head = before.repeat(length / before.length + 1).slice(0, length);
        const body = between.repeat(reach / between.length + 1).slice(0, reach - 8);
        const bytes = Buffer.from(`${head}BEGIN${body}END and so on\n`);
        expect(searchIn(bytes, whole(bytes), 0, pattern)).toMatchObject({ start: length, end: length + reach });
      }),
      { numRuns: 150 },
    );
  });

  test("beyond the window it is not found: 65,536 characters across lines, 16,384 in one", () => {
    const inLine = (reach: number) => Buffer.from(`BEGIN${"x".repeat(reach - 8)}END`);
    const across = (reach: number) => Buffer.from(`BEGIN${"\n".repeat(reach - 8)}END`);
    const end = (bytes: Buffer, pattern: RegExp) => searchIn(bytes, whole(bytes), 0, pattern)?.end;
    expect(end(inLine(16_384), /BEGIN.*END/)).toBe(16_384);
    expect(end(inLine(16_385), /BEGIN.*END/)).toBeUndefined();
    expect(end(across(65_536), /BEGIN\s*END/)).toBe(65_536);
    expect(end(across(65_537), /BEGIN\s*END/)).toBeUndefined();
  });
});

describe("the answer is the one that is defined", () => {
  const textOf = (bytes: Buffer) => {
    const record = new GrowingRecord(bytes);
    record.end = bytes.length;
    return readText(record, 0, bytes.length);
  };
  const shape = (hit: Hit | undefined) => hit && { text: hit.text, captures: hit.captures };

  test.each(literals)("a literal: its first place in the text: %s", (literal) => {
    fc.assert(
      fc.property(transcript, (bytes) => {
        const wanted = literal.replace("\r\n", "\n");
        const at = textOf(bytes).indexOf(wanted);
        expect(shape(searchIn(bytes, whole(bytes), 0, literal))).toEqual(
          at < 0 ? undefined : { text: wanted, captures: [] },
        );
      }),
    );
  });

  test.each([...closed, ...acrossLines])(
    "a closed pattern: the match in the shortest text that has one: %s",
    (pattern) => {
      const tolerant = new RegExp(pattern.source.replaceAll("\\r", ""), `${pattern.flags}m`);
      fc.assert(
        fc.property(transcript, (bytes) => {
          const text = textOf(bytes);
          let model: RegExpExecArray | null = null;
          for (let length = 0; length <= text.length && !model; length++) model = tolerant.exec(text.slice(0, length));
          const expected = model ? { text: model[0], captures: model.slice(1) } : undefined;
          expect(shape(searchIn(bytes, whole(bytes), 0, pattern))).toEqual(expected);
        }),
      );
    },
  );

  test.each(open)("an open pattern: the match in the first line that has one: %s", (pattern) => {
    const multiline = new RegExp(pattern.source, `${pattern.flags}m`);
    fc.assert(
      fc.property(transcript, (bytes) => {
        const model = textOf(bytes)
          .split("\n")
          .map((line) => multiline.exec(line))
          .find((match) => match);
        const expected = model ? { text: model[0], captures: model.slice(1) } : undefined;
        expect(shape(searchIn(bytes, whole(bytes), 0, pattern))).toEqual(expected);
      }),
    );
  });

  test("the bytes of a match read as its text", () => {
    fc.assert(
      fc.property(transcript, fc.constantFrom(...patterns), (bytes, pattern) => {
        const hit = searchIn(bytes, whole(bytes), 0, pattern);
        if (!hit || hit.text === "" || /\ufffd|\p{Cs}|^\n|\n$/u.test(hit.text)) return;
        const record = new GrowingRecord(bytes.subarray(0, hit.end));
        record.end = hit.end;
        expect(readText(record, hit.start, hit.end)).toBe(hit.text);
      }),
    );
  });

  test("nothing before the offset is found", () => {
    fc.assert(
      fc.property(cutTranscript, fc.constantFrom(...patterns), ({ bytes, offset }, pattern) => {
        const hit = searchIn(bytes, whole(bytes), offset, pattern);
        if (hit) expect(hit.start).toBeGreaterThanOrEqual(offset);
      }),
    );
  });
});
