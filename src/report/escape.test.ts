import { expect, test } from "vitest";
import {
  html,
  markdown,
  neutralise,
  oneLine,
  printable,
  tap,
  workflowData,
  workflowProperty,
  xml,
  xmlAttribute,
} from "./escape.ts";

test.each([
  ["colours and titles go", "\u001b[1;31mred\u001b[0m\u001b]0;t\u0007 \u009b2Kx\u001b(B", "red x"],
  ["an escape made by removing another is shown", "\u001b\u001b[0m[2J", "\\x1b[2J"],
  ["an unfinished sequence hides nothing", "\u001b]0;title\nmore", "0;title\nmore"],
  ["line ends are newlines, a lone CR is shown", "a\r\nb\r\r\nc\rd", "a\nb\nc\\x0dd"],
  ["controls are shown", "\u0000\u0007\u007f\u0085", "\\x00\\x07\\x7f\\x85"],
  ["what is invisible or turns text around is shown", "a\u200bb\u202ec\u2028", "a\\u{200b}b\\u{202e}c\\u{2028}"],
  ["half a pair is U+FFFD", "\ud83d!", "\ufffd!"],
  ["tabs are spaces", "\tx", "    x"],
  ["letters of all scripts stay", "größe 漢字 💥 e\u0301", "größe 漢字 💥 e\u0301"],
])("%s", (_, text, expected) => {
  expect(printable(text)).toBe(expected);
});

test("long text says how much is missing and cuts no pair", () => {
  expect(printable("abcdef", { maxLength: 4 })).toBe("abcd… 2 more characters");
  expect(printable("abc💥def", { maxLength: 4 })).toBe("abc… 5 more characters");
  expect(printable("abcd", { maxLength: 4 })).toBe("abcd");
  expect(oneLine("\n a\nb\n")).toBe("a\\nb");
});

test.each([
  ["::error::x", "\\x3a:error::x"],
  ["a\n \u00a0::stop-commands::x", "a\n \u00a0\\x3a:stop-commands::x"],
  ["\u001b[1m::x::", "\u001b[1m\\x3a:x::"],
  [":\u0301:error::", "\\x3a\u0301:error::"],
  ["text ##[add-mask]x ##vso[task] ##teamcity[x]", "text \\x23#[add-mask]x \\x23#vso[task] \\x23#teamcity[x]"],
  ["###[group]", "#\\x23#[group]"],
  ["std::vector ## heading #[derive] http://x", "std::vector ## heading #[derive] http://x"],
])("a CI system obeys nothing in %j", (text, expected) => {
  expect(neutralise(text)).toBe(expected);
});

test("each medium's own characters", () => {
  expect(xml('a<b>&"c"]]>\u0000\uffff')).toBe("a&lt;b&gt;&amp;&quot;c&quot;]]&gt;\\x00");
  expect(xmlAttribute("a\nb")).toBe("a&#10;b");
  expect(tap("a # b \\ c\nd {")).toBe("a \\# b \\\\ c\\\\nd \\\\x7b");
  expect(workflowData("50%\na:b,c")).toBe("50%25%0Aa:b,c");
  expect(workflowProperty("50%\na:b,c")).toBe("50%25%0Aa%3Ab%2Cc");
  expect(html("</pre>\n|*")).toBe("&lt;/pre&gt;\n|*");
  expect(markdown("a|b\n*c* @me")).toBe("<code>a&#124;b&#92;n&#42;c&#42; &#64;me</code>");
});
