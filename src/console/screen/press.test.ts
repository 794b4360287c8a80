import { expect, test } from "vitest";
import { UsageError } from "../../machine/errors.ts";
import type { KeyTerminal } from "./key-sequences.ts";
import { memoryConsole } from "./test/memory-console.ts";

test("keys are what an xterm sends, in order", () => {
  const { console, sent } = memoryConsole();
  console.press("Down", "PageUp", "F1", "F5", "F12", "Esc", "y", "ä", "Ctrl-C", "Alt-x", "Enter");
  expect(sent).toEqual(["\x1b[B\x1b[5~\x1bOP\x1b[15~\x1b[24~\x1byä\x03\x1bx\r"]);
});

test("names are taken in any case, and as others call them", () => {
  const { console, sent } = memoryConsole();
  console.press("ArrowUp", "escape", "RETURN", "ctrl+[", "Control-Space", "PgDn", "Ctrl-?");
  expect(sent).toEqual(["\x1b[A\x1b\r\x1b\0\x1b[6~\x7f"]);
});

test.each<[KeyTerminal, string]>([
  ["xterm", "\x1b[H \x1b[F \x1bOR \x1b[21~ \x7f"],
  ["linux", "\x1b[1~ \x1b[4~ \x1b[[C \x1b[21~ \x7f"],
  ["vt100", "\x1b[H \x1b[K \x1bOw \x1bOM \b"],
  ["vt100+", "\x1bh \x1bk \x1b3 \x1b0 \b"],
  ["vt-utf8", "\x1bh \x1bk \x1b3 \x1b0 \b"],
  ["pc-ansi", "\x1b[H \x1b[F \x1b[O \x1b[V \b"],
])("%s has sequences of its own", (terminal, bytes) => {
  const { console, sent } = memoryConsole();
  console.press("Home", "Space", "End", "Space", "F3", "Space", "F10", "Space", "Backspace", { terminal });
  expect(sent).toEqual([bytes]);
});

test("cursor keys follow the mode that the guest has set", () => {
  const { console, sent, print } = memoryConsole();
  const press = () => console.press("Up", "Home", "PageUp");
  press();
  print(`\x1b[?1049;1h${"x".repeat(70_000)}`);
  press();
  print("\x1b[?25h");
  press();
  print("\x1b[?1l");
  press();
  print(`${"\x1b[?1h"}${"x".repeat(65_534)}`);
  press();
  print("\x1bc");
  press();
  const [plain, application] = ["\x1b[A\x1b[H\x1b[5~", "\x1bOA\x1bOH\x1b[5~"];
  expect(sent).toEqual([plain, application, application, plain, application, plain]);
});

test("every key that is wrong is told at once, with the nearest", () => {
  const { console, sent } = memoryConsole();
  expect(() => console.press("Dwon", "Enter", "Ctrl-1", "login", { terminal: "vt100" })).toThrow(UsageError);
  expect(() =>
    console.press("Dwon", "Enter", "Ctrl-1", "F11", { terminal: "vt100" }),
  ).toThrowErrorMatchingInlineSnapshot(`
    [UsageError: press() was given keys it does not know:
      - press: "Dwon" is not the name of a key; did you mean "Down"? Text is typed with send()
      - press: "Ctrl-1" is no control character: Ctrl- goes with A to Z and @ [ \\ ] ^ _ ?
      - press: a vt100 terminal has no "F11" key; xterm, linux, vt100+ and vt-utf8 have]
  `);
  expect(() => console.press("Up", { terminal: "vt10" as "vt100" })).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: press: terminal "vt10" is unknown; did you mean "vt100"?]`,
  );
  expect(sent).toEqual([]);
});
