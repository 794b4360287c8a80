import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readableView, type TextView } from "./text-view.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");

function viewOf(bytes: Buffer, cuts: readonly number[] = []): TextView {
  const view = readableView(true);
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    view.append(bytes.subarray(from, to), from);
    from = to;
  }
  view.flush();
  return view;
}

describe("text as people read it", () => {
  test.each([
    ["colours", "\x1b[1;31mred\x1b[0m", "red"],
    ["private and colon parameters", "\x1b[?25l\x1b[38:5:1m\x1b[ qx", "x"],
    ["a title that ends with BEL, ST or U+009C", "\x1b]0;t\x07a\x1b]0;t\x1b\\b\x1b]0;\xc2\x9cc", "abc"],
    ["device control, privacy and application strings", "\x1bPq#0\x1b\\a\x1b^x\x1b\\b\x1b_y\x1b\\c\x1bXz\x1b\\", "abc"],
    ["two-byte and charset sequences", "\x1b7a\x1b(Bb\x1b=c\x1bM", "abc"],
    ["eight-bit controls", "\xc2\x9b31ma\xc2\x9d0;t\x07b\xc2\x85c", "abc"],
    ["controls that print nothing", "\0a\x07b\b\x7fc\td", "abc\td"],
    ["a sequence broken off by another", "\x1b[3\x1b[1mx\x1b]0;t\x1b[0my", "xy"],
    ["a sequence broken off by the line's end", "\x1b]0;cut\r\nx\x1b[12\ny", "\nx\ny"],
    ["a cut-off sequence at the end", "x\x1b[1", "x"],
    ["a string that never ends", `\x1b]${"t".repeat(5000)}x`, `${"t".repeat(906)}x`],
    ["UTF-8", "\xc3\xa9\xe2\x94\x82\xf0\x9f\x90\xa7", "é│🐧"],
    [
      "what is not UTF-8",
      "\xffa\xc3b\xe2\x94c\xed\xa0\x80\xc0\x80",
      "\ufffda\ufffdb\ufffdc\ufffd\ufffd\ufffd\ufffd\ufffd",
    ],
    ["a cut-off character at the end", "x\xf0\x9f\x90", "x\ufffd"],
    ["line ends", "a\nb\r\nc\r\r\nd\n\re\n\r\nf", "a\nb\nc\nd\ne\n\nf"],
    ["a progress line redrawn", "10%\r20%\r\x1b[K30%\r\n", "10%\n20%\n30%\n"],
    ["a CR before anything is printed, and at the end", "\r\rx\r", "x\n"],
  ])("%s", (_, bytes, text) => {
    expect(viewOf(latin1(bytes)).text).toBe(text);
  });

  test("every character knows its bytes", () => {
    const view = viewOf(latin1("\x1b[1ma\r\n\xc3\xa9\xf0\x9f\x90\xa7b"));
    const places = [...view.text.split("").keys()].map((index) => view.bytesOf(index));
    expect(places.map(({ start, end }) => [start, end])).toEqual([
      [4, 5],
      [5, 7],
      [7, 9],
      [9, 13],
      [9, 13],
      [13, 14],
    ]);
  });
});

test("neither cuts nor the fast way for whole lines change a character or its place", () => {
  const part = fc.oneof(
    fc.constantFrom(
      "text",
      "\n",
      "\r\n",
      "\r",
      "\x1b[0m",
      "\x1b[?2",
      "\x1b]0;t\x07",
      "\xc3\xa9",
      "\xc3",
      "\xf0\x9f\x90\xa7",
      "\0",
    ),
    fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const bytes = latin1(parts.join(""));
      const whole = viewOf(bytes);
      const byByte = viewOf(bytes, [...bytes.keys()].slice(1));
      expect(byByte.text).toBe(whole.text);
      for (let index = 0; index < whole.text.length; index++)
        expect(byByte.bytesOf(index)).toEqual(whole.bytesOf(index));
    }),
    { numRuns: 500 },
  );
});
