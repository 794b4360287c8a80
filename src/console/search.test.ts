import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compilePattern } from "./pattern.ts";
import { type Hit, Search } from "./search.ts";
import { readText } from "./text.ts";

/** A record that is known up to `end`. */
class GrowingRecord {
  end = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(start: number, end: number): Buffer {
    if (end > this.end) throw new RangeError("read beyond what has come");
    return this.#bytes.subarray(start, end);
  }
}

/** The match when the bytes come in these pieces, and then no more. */
function searchIn(bytes: Buffer, cuts: readonly number[], offset: number, pattern: string | RegExp, raw = false) {
  const record = new GrowingRecord(bytes);
  record.end = offset;
  const search = new Search(record, offset, compilePattern(pattern, raw));
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    if (cut <= offset) continue;
    record.end = cut;
    const hit = search.advance(cut);
    if (hit) return hit;
  }
  return search.finish();
}

const whole = (bytes: Buffer) => [bytes.length];

const fragment = fc.oneof(
  fc.constantFrom(
    "login",
    "login: ",
    "log",
    "in: ",
    "ok",
    "a",
    "b",
    "ab",
    "c",
    " ",
    " ",
    "1",
    "2",
    ".",
    ":",
    "aab",
    "error 7",
  ),
  fc.constantFrom("\n", "\r\n", "\r\r\n", "\r", "\n\r", "\n", "\r\n"),
  fc.constantFrom(
    "\x1b[0m",
    "\x1b[1;31m",
    "\x1b]0;title\x07",
    "\x1b]2;login: \x1b\\",
    "\x1bP1$r\x1b\\",
    "\x1b(B",
    "\x1b7",
  ),
  fc.constantFrom(
    "\x1b[",
    "\x1b",
    "\x1b]0;cut",
    "\x1b\x1b[m",
    "\x1b[3\x1b[m",
    "\xc2\x9b1m",
    "\xc2\x9dtitle\xc2\x9c",
    "\xc2\x85",
  ),
  fc.constantFrom(
    "\xc3\xa9",
    "\xe2\x94\x82",
    "\xf0\x9f\x90\xa7",
    "\xc3",
    "\xe2\x94",
    "\xff",
    "\xf0\x9f",
    "\0",
    "\x07",
    "\b",
    "\t",
  ),
);
const transcript = fc.array(fragment, { maxLength: 60 }).map((parts) => Buffer.from(parts.join(""), "latin1"));
const cutTranscript = transcript.chain((bytes) =>
  fc.record({
    bytes: fc.constant(bytes),
    cuts: fc.oneof(
      fc.constant(Array.from({ length: bytes.length }, (_, n) => n + 1)),
      fc.array(fc.nat(bytes.length), { maxLength: 12 }).map((cuts) => [...cuts, bytes.length]),
    ),
    offset: fc.nat(Math.floor(bytes.length / 2)),
  }),
);

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
        if (!hit || hit.text === "" || hit.text.includes("\ufffd") || /^\n|\n$/.test(hit.text)) return;
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
