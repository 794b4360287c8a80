import { expect, test } from "vitest";
import { UsageError } from "../../machine/errors.ts";
import { parseExpect, parseFailOn, parseSend } from "./script.ts";

test("a literal on COM1, a pattern on COM2", () => {
  expect(parseExpect("login:")).toEqual({ kind: "expect", console: "com1", pattern: "login:", text: "login:" });
  expect(parseExpect("com2:/^a+$/im")).toMatchObject({ console: "com2", pattern: /^a+$/im });
  expect(parseSend("hvc0:ls\\n")).toMatchObject({ console: "hvc0", bytes: Buffer.from("ls\n") });
});

test("what only looks like a console or a pattern is a literal", () => {
  for (const literal of ["foo:bar", "eth0: up", "COM5: ready", "com5 ready", "xcom5:x", "Login com5:"]) {
    expect(parseExpect(literal)).toMatchObject({ console: "com1", pattern: literal });
  }
  expect(parseExpect("com1:com2:x")).toMatchObject({ console: "com1", pattern: "com2:x" });
  expect(parseExpect("/etc/passwd")).toMatchObject({ pattern: "/etc/passwd" });
  expect(parseExpect("/")).toMatchObject({ pattern: "/" });
});

test.each(["com5", "com0", "com12", "hvc1"])(
  "a console that no machine has (%s) is refused, not looked for",
  (name) => {
    const refusal = `${name}:x: there is no console ${name}: write com1, com2, com3, com4 or hvc0, or com1:${name}:x for that text on com1`;
    expect(() => parseExpect(`${name}:x`)).toThrow(new UsageError(`--expect ${refusal}`));
    expect(() => parseFailOn(`${name}:x`)).toThrow(new UsageError(`--fail-on ${refusal}`));
    expect(() => parseSend(`${name}:x`)).toThrow(new UsageError(`--send ${refusal}`));
    expect(parseExpect(`com1:${name}:x`)).toMatchObject({ console: "com1", pattern: `${name}:x` });
  },
);

test.each(["", "com2:"])("an empty pattern (%j) is refused: it would be met at once", (text) => {
  expect(() => parseFailOn(text)).toThrow(/--fail-on needs a text/);
});

test("a broken regular expression is refused with its reason", () => {
  expect(() => parseExpect("/(/")).toThrow(/--expect \/\(\/ is not a regular expression: .*Unterminated group/);
});
