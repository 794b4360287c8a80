import { expect, test } from "vitest";
import { TimeoutError, UsageError } from "../../machine/errors.ts";
import { memoryConsole } from "./test/memory-console.ts";

const rejection = (promise: PromiseLike<unknown>): Promise<Error> =>
  Promise.resolve(promise).then(
    () => Promise.reject(new Error("it was fulfilled")),
    (error) => error,
  );

test("it is met by what is there, and by what comes", async () => {
  const { console, print } = memoryConsole();
  print("\x1b[2;3Hone");
  const screen = console.screen();
  expect((await screen.toShow("  one")).lines[1]).toBe("  one");
  const later = screen.toShow(/^two$/);
  print("\x1b[2;1H");
  print("two  ");
  expect((await later).text).toBe("\ntwo");
});

test("what was overwritten is not shown, however late the screen is made", async () => {
  const { console, print } = memoryConsole();
  print(`old ${"x".repeat(200_000)}`);
  print("\x1b[2J\x1b[Hnew");
  await expect(console.screen().toShow("old", { timeout: 50 })).rejects.toThrow(TimeoutError);
  await console.screen().toShow(/new/);
  await console.expect("old");
});

test("a timeout shows the screen, framed and safe to print", async () => {
  const { console, print } = memoryConsole();
  print("\x1b[1;3HMenu\x1b[3;1H* Debian \u202e\x1b[?25l\x1b[2;1H##vso[x]");
  const error = await rejection(console.screen({ columns: 30, rows: 5 }).toShow("Fedora", { timeout: 20 }));
  expect(error).toBeInstanceOf(TimeoutError);
  expect(error.message).toMatchInlineSnapshot(`
    "expected the screen of com1 to show "Fedora" within 20 ms, but it did not
    the screen (30x5; cursor in row 1, column 8, hidden):
      ┌──────────────────────────────┐
      │  Menu                        │
      │\\x23\\x23vso[x]                │
      │* Debian \\u{202e}             │
      └──────────────────────────────┘ and 2 blank rows
    The screen is what is there now; for what was printed once, use com1.expect(…)."
  `);
});

test("a guest that ends gives a last look, then the reason", async () => {
  const { console, print } = memoryConsole({ timeoutMs: 60_000 });
  const screen = console.screen({ columns: 20, rows: 4 });
  const [met, unmet] = [screen.toShow("bye"), screen.toShow("hello")];
  print("\x1b[2;2Hbye");
  console.end(new RangeError("the guest powered off\ntrace: here"));
  expect((await met).text).toBe("\n bye");
  const error = await rejection(unmet);
  expect(error).toBeInstanceOf(RangeError);
  expect(error.message.replace(/\d+ ms/, "N ms")).toMatchInlineSnapshot(`
    "the guest powered off while waiting for the screen of com1 to show "hello" (for N ms)
    trace: here
    the screen (20x4; cursor in row 1, column 4):
      ┌────────────────────┐
      │                    │
      │ bye                │
      └────────────────────┘ and 2 blank rows
    The screen is what is there now; for what was printed once, use com1.expect(…)."
  `);
});

test("a console that has printed nothing says so", async () => {
  const { console } = memoryConsole();
  const error = await rejection(console.screen().toShow("x", { timeout: 1 }));
  expect(error.message).toContain("com1 has printed nothing at all");
});

test("poison and a signal end it", async () => {
  const { console } = memoryConsole({ timeoutMs: 60_000 });
  const aborter = new AbortController();
  const aborted = console.screen().toShow("x", { signal: aborter.signal });
  const poisoned = console.screen().toShow("x");
  aborter.abort(new Error("enough"));
  console.poison(new Error("it crashed"));
  await expect(aborted).rejects.toThrow("enough");
  await expect(poisoned).rejects.toThrow("it crashed");
  await expect(console.screen().toShow("x")).rejects.toThrow("it crashed");
});

test("a wait that nobody awaits is told", async () => {
  const { console, print } = memoryConsole();
  void console.screen().toShow("x");
  expect(console.unawaited()).toEqual(['com1: screen().toShow("x")']);
  print("x");
});

test("a pattern that is always or never there is refused", () => {
  const screen = memoryConsole().console.screen();
  expect(() => screen.toShow("")).toThrow(UsageError);
  expect(() => screen.toShow("one\ntwo")).toThrow(/look for one row/);
  expect(() => screen.toShow("x", { timeout: "soon" })).toThrow(/timeout/);
});

test("bytes that come while a look is under way are looked at", async () => {
  const { console, print } = memoryConsole();
  const wait = console.screen().toShow("end");
  for (const letter of `${"x".repeat(3000)}end`) {
    print(letter);
    if (letter === "e") await new Promise(setImmediate);
  }
  await wait;
});
