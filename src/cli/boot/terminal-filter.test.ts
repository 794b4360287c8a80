import fc from "fast-check";
import { expect, test } from "vitest";
import { TerminalFilter } from "./terminal-filter.ts";

function filtered(text: string | Buffer): string {
  return new TerminalFilter().push(Buffer.from(text)).toString();
}

test.each([
  ["colours and cursor movement", "\x1b[1;31mred\x1b[0m\x1b[2J\x1b[10;5H"],
  ["line drawing by charset", "\x1b(0lqk\x1b(B"],
  ["UTF-8 whose bytes look like C1 controls", "┌─╝ Ý 😀"],
  ["a question for the cursor's place", "\x1b[6n"],
  ["controls of a console", "\r\n\t\b\x07"],
])("%s pass", (_what, text) => {
  expect(filtered(text)).toBe(text);
});

test.each([
  ["a title", "a\x1b]0;owned\x07b"],
  ["the clipboard", "a\x1b]52;c;Z290Y2hh\x1b\\b"],
  ["a device control string", "a\x1bP1$r0m\x1b\\b"],
  ["APC, PM and SOS", "a\x1b_x\x1b\\\x1b^y\x1b\\\x1bXz\x1b\\b"],
  ["a title by eight-bit controls in UTF-8", "a\u009d0;owned\u009cb"],
  ["bare eight-bit controls", Buffer.from("61 9b 62".replaceAll(" ", ""), "hex")],
  ["window operations", "a\x1b[21t\x1b[3;0;0tb"],
  ["the printer", "a\x1b[5ib"],
  ["the scrollback", "a\x1b[3Jb"],
  ["keyboard protocols", "a\x1b[>4;2m\x1b[=1ub"],
  ["ENQ", "a\x05b"],
])("%s does not", (_what, text) => {
  expect(filtered(text)).toBe("ab");
});

const piece = fc.constantFrom(
  "a",
  "\x1b",
  "[",
  "]",
  "0;t",
  "\x07",
  "\x1b\\",
  "6n",
  "é",
  "\x9d",
  "\n",
  "?25l",
  "P",
  "t",
);

test("the result does not depend on how the bytes are cut", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(8)), (pieces, cuts) => {
      const bytes = Buffer.from(pieces.join(""), "latin1");
      const whole = new TerminalFilter().push(bytes);
      const filter = new TerminalFilter();
      const parts: Buffer[] = [];
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        parts.push(filter.push(bytes.subarray(at, at + cut)));
        at += cut;
      }
      expect(Buffer.concat(parts)).toEqual(whole);
    }),
  );
});

test("no string control survives, whatever surrounds it", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const out = new TerminalFilter().push(Buffer.from(pieces.join(""), "latin1")).toString("latin1");
      expect(out).not.toMatch(/\x1b[\]PX^_]/);
    }),
  );
});

test("what the guest changed in the terminal is put back, and nothing else", () => {
  const filter = new TerminalFilter();
  expect(filter.restore()).toBe("");
  filter.push(Buffer.from("\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?2004l\x1b[2;5r\x1b[31m\x1b[3;1H"));
  expect(filter.restore()).toBe("\x1b[?1049l\x1b[?25h\x1b[0m\x1b7\x1b[r\x1b8\x1b[999B");
});

test("it tells that an answer of the terminal may be on its way", () => {
  const filter = new TerminalFilter();
  expect(filter.takeAsked()).toBe(false);
  filter.push(Buffer.from("\x1b[6n"));
  expect(filter.takeAsked()).toBe(true);
  expect(filter.takeAsked()).toBe(false);
});
