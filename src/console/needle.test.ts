import { describe, expect, test } from "vitest";
import { needleOfLiteral, needleOfRegex } from "./needle.ts";

describe("a needle", () => {
  test.each([
    ["the text itself", "a login: b", true],
    ["the text with colours in it", "log\x1b[1m\x1b[min\x1b[K: b", true],
    ["its beginning before another escape sequence", "log\x1b]0;title\x07", true],
    ["its beginning before a colour and something else", "log\x1b[1mgy l\r\nl\x1b[1mx", false],
    ["its beginning before a control", "l\0ogin: ", true],
    ["its beginning before an eight-bit control", "logi\xc2\x9b1mn: ", true],
    ["a part of it", "logi n: login; ogin: ", false],
    ["its first letter before an escape sequence", "\x1b]0;t\x07lo\x1b[1ml\x1b7x", true],
    ["nothing of it", "\x1b[1mkernel\x1b[0m\r\n", false],
  ])("%s", (_, lines, found) => {
    expect(needleOfLiteral("login:")?.(lines)).toBe(found);
    expect(needleOfRegex(/^\w* *login: ?(?<user>\w+)$/)?.(lines)).toBe(found);
  });

  test("of a regular expression is its longest run outside groups, quantified characters left out", () => {
    const test = needleOfRegex(/abc+ \[\d\] systemd\.service(x|long enough)?/);
    expect(test?.("] systemd.service")).toBe(true);
    expect(test?.("abcc [1] systemd_service long enough")).toBe(false);
  });

  test.each([/login|ready/, /LOGIN/i, /abcd?/, /(login)/, /abc/, /\w+ \d+/])("%s has none", (pattern) => {
    expect(needleOfRegex(pattern)).toBeUndefined();
  });

  test.each(["ok", "a\nlogin", "漢字", "é"])("%j has none", (literal) => {
    expect(needleOfLiteral(literal)).toBeUndefined();
  });
});
