import fc from "fast-check";
import { expect, test } from "vitest";
import { ConsoleTap } from "./console-tap.ts";
import { TapJournal } from "./journal.ts";

const report = `TAP version 14
1..3
ok 1 - first
    # Subtest: second
    1..2
    ok 1 - a
    not ok 2 - b
not ok 2 - second
ok 3 - third # SKIP no disk
`;
const names = ["1 first passed", "2 second failed", "3 third skipped"];

let clock = 0;
/** A line of the kernel's, as printk writes it on a serial console. */
const printed = (text: string) => `[${(++clock / 1000).toFixed(6).padStart(12)}] ${text}\r\n`;
/** The report as KUnit's: each line is one of the kernel's. */
const kunit = () => report.trimEnd().split("\n").map(printed);

function read(bytes: Buffer, sizes: readonly number[] = []) {
  const journal = new TapJournal(() => {});
  const source = new ConsoleTap((isKernel) => journal.open("com1", { isKtap: isKernel }));
  let offset = 0;
  for (const size of [...sizes, bytes.length]) {
    source.push(bytes.subarray(offset, offset + size), offset);
    offset = Math.min(bytes.length, offset + size);
  }
  const { points } = source.tap?.end() ?? { points: [] };
  return points.map(({ number, name, outcome }) => `${number} ${name} ${outcome}`);
}

test("a program's results are read without what the kernel prints, wherever it lands", () => {
  const text = `login: root\r\nok then\r\n${report.replaceAll("\n", "\r\n")}# exit\r\nok 4 - not any more\r\n`;
  const gaps = fc.array(fc.nat(text.length), { maxLength: 12 });
  fc.assert(
    fc.property(gaps, fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 }), (places, sizes) => {
      let mixed = text;
      for (const at of places.toSorted((a, b) => b - a)) {
        // A CR and its LF are one line end: a terminal driver writes them together.
        if (text[at] !== "\n") mixed = mixed.slice(0, at) + printed("ok 7 usb 1-1: 1..9") + mixed.slice(at);
      }
      expect(read(Buffer.from(mixed), sizes)).toEqual(names);
    }),
  );
});

test("the kernel's own results are read among its other lines and what programs print between them", () => {
  const chatter = fc.constantFrom(
    "usb 1-1: new device",
    "ok then",
    "audit: 1..2",
    "# not a comment",
    "random: crng init",
  );
  const more = fc.array(fc.tuple(fc.nat(30), chatter, fc.boolean()), { maxLength: 20 });
  fc.assert(
    fc.property(more, fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 }), (others, sizes) => {
      const lines = [printed("Linux version 6.1.0"), ...kunit(), printed("ok 4 - not any more")];
      for (const [at, text, isKernel] of others) {
        lines.splice(Math.min(at, lines.length), 0, isKernel ? printed(text) : `${text}\r\n`);
      }
      expect(read(Buffer.from(lines.join("")), sizes)).toEqual(names);
    }),
  );
});

test("who said a line, and how loud, is not part of it", () => {
  const lines = report
    .trimEnd()
    .split("\n")
    .map((line) => `<6>[    1.000000][    T1] ${line}\n`);
  expect(read(Buffer.from(lines.join("")))).toEqual(names);
});

test("a kernel that writes no times is read as well", () => {
  expect(read(Buffer.from(`usb 1-1: new device\n${report.replace("1..3\n", "1..3\nusb 1-1: gone\n")}`))).toEqual(names);
});

test("colours, and characters of several bytes, wherever they are cut", () => {
  const bytes = Buffer.from("\x1b[1mTAP version 14\x1b[0m\r\n1..1\r\n\x1b[32mok\x1b[0m 1 - grün ✓\r\n");
  for (let at = 0; at < bytes.length; at++) expect(read(bytes, [at])).toEqual(["1 grün ✓ passed"]);
});
