import { describe, expect, test } from "vitest";
import { needleOfLiteral, needleOfRegex } from "./needle.ts";

describe("a needle", () => {
  test.each([
    ["the text itself", "a login: b", 2],
    ["the text with colours in it", "log\x1b[1m\x1b[min\x1b[K: b", 0],
    ["its beginning before another escape sequence", "log\x1b]0;title\x07", 0],
    ["its beginning before a colour and something else", "log\x1b[1mgy l\r\nl\x1b[1mx", -1],
    ["its beginning before a control", "l\0ogin: ", 0],
    ["its beginning before an eight-bit control", "logi\xc2\x9b1mn: ", 0],
    ["a part of it", "logi n: login; ogin: ", -1],
    ["its first letter before an escape sequence", "\x1b]0;t\x07lo\x1b[1ml\x1b7x", 12],
    ["nothing of it", "\x1b[1mkernel\x1b[0m\r\n", -1],
  ])("%s", (_, lines, found) => {
    expect(needleOfLiteral("login:")?.(lines, 0)).toBe(found);
    expect(needleOfRegex(/^\w* *login: ?(?<user>\w+)$/)?.(lines, 0)).toBe(found);
  });

  test("of a regular expression is its longest run outside groups, quantified characters left out", () => {
    const needle = needleOfRegex(/abc+ \[\d\] systemd\.service(x|long enough)?/);
    expect(needle?.("] systemd.service] systemd.service", 1)).toBe(17);
    expect(needle?.("abcc [1] systemd_service long enough", 0)).toBe(-1);
  });

  test("of a regular expression that ignores case does so, too", () => {
    expect(needleOfRegex(/LogIn: /i)?.("say lo\x1b[1mGIN: ", 0)).toBe(4);
  });

  test.each([/login|ready/, /LOGIN/iu, /abcd?/, /(login)/, /abc/, /\w+ \d+/])("%s has none", (pattern) => {
    expect(needleOfRegex(pattern)).toBeUndefined();
  });

  test.each(["ok", "a\nlogin", "漢字", "é"])("%j has none", (literal) => {
    expect(needleOfLiteral(literal)).toBeUndefined();
  });
});
