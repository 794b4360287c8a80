import { expect, test } from "vitest";
import { printable } from "./printable.ts";

test.each([
  ["plain text é 漢字 🐧", "plain text é 漢字 🐧"],
  ["\x1b[31mred\x07\x00\x7f\x9b", "\\e[31mred\\x07\\x00\\x7f\\x9b"],
  ["two\r\nlines\t", "two\\r\\nlines\\t"],
  ["\u202eright to left\u200b\u2028", "\\u{202e}right to left\\u{200b}\\u{2028}"],
  ["\ud800", "\\u{d800}"],
  ["  ::add-mask::a", "  \\x3a:add-mask::a"],
  ["a ::b", "a ::b"],
  [
    "x ##[error] ##vso[task] ##teamcity[x] ## no",
    "x \\x23\\x23[error] \\x23\\x23vso[task] \\x23\\x23teamcity[x] ## no",
  ],
  ["x".repeat(300), `${"x".repeat(200)}…`],
])("%j is shown harmlessly", (text, shown) => {
  expect(printable(text)).toBe(shown);
});
