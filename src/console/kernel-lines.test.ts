import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KernelLineFilter } from "./kernel-lines.ts";
import { interleave, kernelLine } from "./test/kernel-chatter.ts";
import { transcript } from "./test/transcript.ts";

/** What is left when the bytes come in these pieces, and where in the record each byte of it came from. */
function strip(bytes: Buffer | string, cuts: readonly number[] = []): { text: string; from: number[] } {
  const all = Buffer.from(bytes as string, "latin1");
  const filter = new KernelLineFilter();
  let text = "";
  let at = 0;
  for (const cut of [...cuts, all.length].sort((a, b) => a - b)) {
    text += filter.push(all.subarray(at, cut), at).bytes.toString("latin1");
    at = cut;
  }
  text += filter.flush().bytes.toString("latin1");
  return { text, from: Array.from(text, (_, index) => filter.recordOffset(index)) };
}

const kernel = "[    1.0] foo\r\n";

test.each([
  ["log[    1.0] foo\r\nin: ", "login: "],
  ["[   12.345678] first\r\nok\r\n[   12.345679] second\n", "ok\r\n"],
  ["lo<6>[   12.345678] foo\r\ngin", "login"],
  ["lo[   12.345678][   T77] foo\r\ngin", "login"],
  ["lo[100000.000001] up for a day\ngin", "login"],
  ["ok\r[    1.0] foo\r\n\nnext", "ok\r\nnext"],
  ["one[    1.0] outer[    2.0] inner\r\n goes on\r\n two", "one two"],
  ["one[    2.0] says [    1.0] of the past\r\ntwo", "onetwo"],
  ["[    9.0] cut off by the end", ""],
  ["[    9.0", "[    9.0"],
  ["[  [  [    9.0] a\n  1.0] b\n  2.0] c\nlogin", "login"],
  ["[9.0] not as printk pads it\n", "[9.0] not as printk pads it\n"],
  ["[  OK  ] Started\r\nitems[    1] <6> [drm]\n", "[  OK  ] Started\r\nitems[    1] <6> [drm]\n"],
])("%j leaves %j", (bytes, left) => {
  expect(strip(bytes).text).toBe(left);
});

test("a kernel line at every offset of a transcript leaves the transcript, byte by byte, however it is cut", () => {
  fc.assert(
    fc.property(transcript, kernelLine, fc.array(fc.nat(2000), { maxLength: 8 }), (bytes, line, points) => {
      for (let at = 0; at <= bytes.length; at++) {
        const { bytes: mixed, movedTo } = interleave(bytes, [{ at, line }]);
        const { text, from } = strip(
          mixed,
          points.filter((point) => point < mixed.length),
        );
        expect(text).toBe(bytes.toString("latin1"));
        expect(from).toEqual(Array.from(bytes, (_, index) => movedTo(index)));
      }
    }),
    { numRuns: 60 },
  );
});

test("a later kernel line at every offset of a transcript that has kernel lines changes nothing", () => {
  const booting = fc
    .array(fc.constantFrom("login: ", "ok\r\n", "\x1b[1m", kernel, "[    2.5][    T1] usb\r\n", "<6>[    3.0] x\n"))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(booting, (text) => {
      const bytes = Buffer.from(text);
      const { text: left } = strip(bytes);
      for (let at = 0; at <= bytes.length; at++) {
        const mixed = interleave(bytes, [{ at, line: Buffer.from("[   99.000001] late\r\n") }]).bytes;
        expect(strip(mixed).text).toBe(left);
        expect(
          strip(
            mixed,
            Array.from(mixed, (_, index) => index),
          ).text,
        ).toBe(left);
      }
    }),
    { numRuns: 60 },
  );
});

describe("memory and time stay bounded, whatever comes", () => {
  const feed = (piece: string, times: number) => {
    const filter = new KernelLineFilter();
    const bytes = Buffer.from(piece);
    const started = performance.now();
    let held = 0;
    for (let n = 0; n < times; n++) {
      const { offset } = filter.push(bytes, n * bytes.length);
      filter.forget(offset);
      held = Math.max(held, filter.held);
    }
    return { held, pieces: filter.pieces, ms: performance.now() - started };
  };

  test.each([
    ["kernel lines that never end", "[    1.0] x"],
    ["brackets in a kernel line", `[    1.0] ${"0]".repeat(30_000)}`],
    ["kernel lines within kernel lines", "[    1.0]".repeat(7000)],
    ["beginnings of kernel lines", "<6>[    1.".repeat(6000)],
    ["line ends", "\n".repeat(60_000)],
    ["kernel lines in lines of text", "ab[    1.0] x\nc\n".repeat(4000)],
  ])("%s", (_, piece) => {
    const few = feed(piece, 20);
    const many = feed(piece, 200);
    expect(many.held).toBeLessThan(25_000);
    expect(many.pieces).toBeLessThan(10_000);
    // Ten times the bytes in some ten times the time, not a hundred.
    expect(many.ms).toBeLessThan(40 * few.ms + 200);
  });
});

test("what looks like the beginning of many kernel lines is cut like anything else", () => {
  const part = fc.constantFrom(
    "[",
    "<6>",
    "<",
    "[  ",
    "  ",
    "1.0",
    "]",
    "\n",
    "[    1.0]",
    "[    2.0] x\n",
    "[    3.",
    "0] y\n",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), fc.array(fc.nat(200), { maxLength: 6 }), (parts, points) => {
      const bytes = Buffer.from(parts.join(""));
      const expected = strip(bytes);
      expect(
        strip(
          bytes,
          points.filter((point) => point < bytes.length),
        ),
      ).toEqual(expected);
      expect(
        strip(
          bytes,
          Array.from(bytes, (_, index) => index),
        ),
      ).toEqual(expected);
    }),
    { numRuns: 2000 },
  );
});

test("a line longer than printk writes is text", () => {
  const long = `[    1.0] ${"x".repeat(5000)}\r\nlogin: `;
  expect(strip(long).text).toBe(long);
  expect(strip(long, [100, 4000, 4200, 5013]).text).toBe(long);
});
