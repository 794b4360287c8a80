import { expect, test } from "vitest";
import { parseExpect, parseFailOn, parseSend } from "./script.ts";

test("a literal on COM1, a pattern on COM2", () => {
  expect(parseExpect("login:")).toEqual({ kind: "expect", console: "com1", pattern: "login:", text: "login:" });
  expect(parseExpect("com2:/^a+$/im")).toMatchObject({ console: "com2", pattern: /^a+$/im });
  expect(parseSend("hvc0:ls\\n")).toMatchObject({ console: "hvc0", bytes: Buffer.from("ls\n") });
});

test("what only looks like a console or a pattern is a literal", () => {
  expect(parseExpect("com9: x")).toMatchObject({ console: "com1", pattern: "com9: x" });
  expect(parseExpect("com1:com2:x")).toMatchObject({ console: "com1", pattern: "com2:x" });
  expect(parseExpect("/etc/passwd")).toMatchObject({ pattern: "/etc/passwd" });
  expect(parseExpect("/")).toMatchObject({ pattern: "/" });
});

test.each(["", "com2:"])("an empty pattern (%j) is refused: it would be met at once", (text) => {
  expect(() => parseFailOn(text)).toThrow(/--fail-on needs a text/);
});

test("a broken regular expression is refused with its reason", () => {
  expect(() => parseExpect("/(/")).toThrow(/--expect \/\(\/ is not a regular expression: .*Unterminated group/);
});
