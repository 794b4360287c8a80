import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../machine/errors.ts";
import type { PowerEvent } from "../../power/event.ts";
import { memoryConsole } from "./test/memory-console.ts";

const afterReset: PowerEvent = {
  ...{ kind: "reset", cause: "cf9", action: "reset", evidence: [], confidence: "reported" },
  ...{ at: 0, offsets: { com1: 5 }, index: 0 },
};

test("what is drawn by cursor movement is read as it stands", async () => {
  const { console, print } = memoryConsole();
  print("\x1b[2J\x1b[3;5HDevice Manager\x1b[1;1H\x1b[7mtitle\x1b[0m\x1b]0;owned\x07\x1b[4;2H>");
  const screen = console.screen({ rows: 5 });
  expect(await screen.snapshot()).toEqual({
    ...{ columns: 80, rows: 5, title: "owned", text: "title\n\n    Device Manager\n >" },
    lines: ["title", "", "    Device Manager", " >", ""],
    cursor: { row: 3, column: 2, isVisible: true },
  });
  print("\x1b[?25l\x1b[3;5H\x1b[K");
  expect(await screen.text()).toBe("title\n\n\n >");
  expect(await screen.cursor()).toEqual({ row: 2, column: 4, isVisible: false });
  print("\x1bc");
  expect(await screen.snapshot()).toMatchObject({ text: "", cursor: { row: 0, column: 0, isVisible: true } });
});

test("it scrolls, wraps, and keeps what the guest does not clear", async () => {
  const { console, print } = memoryConsole();
  print("1\r\n2\r\n3\r\n12345678");
  const screen = console.screen({ columns: 5, rows: 3 });
  expect(await screen.lines()).toEqual(["3", "12345", "678"]);
  expect(await console.screen({ columns: 5, rows: 3 }).lines()).toEqual(["3", "12345", "678"]);
});

test("a screen may be switched on later, and is blank then", async () => {
  const { console, print } = memoryConsole();
  print("\x1b[5;1");
  const later = console.screen({ from: "now", rows: 5 });
  print("Hend");
  expect(await later.lines()).toEqual(["Hend", "", "", "", ""]);
  expect(await console.screen({ from: { after: afterReset }, rows: 5 }).text()).toBe("Hend");
  expect(await console.screen({ rows: 5 }).text()).toBe("\n\n\n\nend");
});

test("UTF-8, what is not, and a PC's line drawing", async () => {
  const { console, print } = memoryConsole();
  print(Buffer.from([...Buffer.from("┌é"), 0xff, 0xc9, 0x41]));
  expect(await console.screen().text()).toBe("┌é\ufffd\ufffdA");
  expect(await console.screen({ encoding: "cp437" }).text()).toBe("Γöî├⌐\u00a0╔A");
});

test("every wrong option is told at once", () => {
  const { console } = memoryConsole();
  expect(() => console.screen({ columns: 1, rows: 2.5, encoding: "latin1" as "utf-8" })).toThrow(UsageError);
  expect(() => console.screen({ columns: 1, rows: 2.5 })).toThrowErrorMatchingInlineSnapshot(`
    [UsageError: screen() has options it cannot use:
      - columns: 1 is not a whole number from 2 to 200
      - rows: 2.5 is not a whole number from 1 to 200]
  `);
});

const piece = fc
  .oneof(
    fc.constantFrom("\x1b", "[", "]0;t", "\x07", "\x1b\\", "\x1b[H", "\x1b[2J", "\x1b[3;4H", "\x1b[?25l", "\x1b[7m"),
    fc.constantFrom("\x1b[2L", "\x1b[M", "\x1b[2;3r", "\x1b[S", "\x1bM", "\x1b[?1049h", "\x1b(0", "\x1bc", "\x1b[3b"),
    fc.constantFrom("a", "bc", "\r\n", "\n", "\t", "\b", "é", "漢", "😀", "e\u0301\u0301", "\x9b", "\0", "\x18"),
  )
  .map((text) => Buffer.from(text));
const bytes = fc.array(fc.oneof({ weight: 9, arbitrary: piece }, fc.uint8Array({ maxLength: 3 })), { maxLength: 40 });

test("a screen does not depend on how its bytes came, nor on when it was looked at", async () => {
  await fc.assert(
    fc.asyncProperty(bytes, fc.array(fc.nat(6), { maxLength: 12 }), async (pieces, cuts) => {
      const all = Buffer.concat(pieces);
      const [whole, cut] = [memoryConsole(), memoryConsole()];
      whole.print(all);
      const screen = cut.console.screen({ columns: 10, rows: 4 });
      let at = 0;
      for (const length of cuts) {
        cut.print(all.subarray(at, at + length));
        await screen.snapshot();
        at += length;
      }
      cut.print(all.subarray(at));
      expect(await screen.snapshot()).toEqual(await whole.console.screen({ columns: 10, rows: 4 }).snapshot());
    }),
    { numRuns: 200 },
  );
});

describe("a hostile guest", () => {
  const huge = "2147483647";
  test.each(["S", "T", "L", "M", "Z", "b", "I", "@", "P", "X", "B", "'}"])(
    "cannot hold the terminal up with ESC [ 2147483647 %s",
    async (final) => {
      const { console, print } = memoryConsole();
      print(`\x1b[5;5Ha\x1b[${huge}${final}`.repeat(100));
      const started = performance.now();
      await console.screen().text();
      expect(performance.now() - started).toBeLessThan(1000);
    },
  );

  test("cannot make it remember more than a screen", async () => {
    const { console, print } = memoryConsole();
    print(`e${"\u0301".repeat(100_000)}\x1b]2;${"t".repeat(100_000)}\x07`);
    print("\u0301".repeat(100_000));
    const { text, title } = await console.screen().snapshot();
    expect(text.length).toBeLessThan(100);
    expect(title).toHaveLength(200);
  });

  test("gets no answers, unless the test wants it to", async () => {
    const { console, print, sent } = memoryConsole();
    print("\x1b[6n");
    await console.screen().text();
    expect(sent).toEqual([]);
    const answering = console.screen({ answers: true });
    print("ab\x1b[6n");
    await answering.text();
    // What was asked before there was anybody to answer stays without an answer.
    expect(sent).toEqual(["\x1b[1;3R"]);
  });
});

test("an answer comes without anybody looking, until the guest has ended", async () => {
  const { console, print, sent } = memoryConsole();
  const screen = console.screen({ answers: true });
  print("\x1b[5n");
  await expect.poll(() => sent).toEqual(["\x1b[0n"]);
  console.end(new Error("the guest powered off"));
  print("\x1b[5n");
  await screen.text();
  expect(sent).toEqual(["\x1b[0n"]);
});
