import { describe, expect, test } from "vitest";
import { readRegex } from "./regex-source.ts";

// The compiler's target has no literal for the v flag, which Node 20 knows.
const withSets = (source: string) => new RegExp(source, "v");

describe("more text can change a match of", () => {
  test.each([
    /a+/,
    /a*?/,
    /a{2,}/,
    /a?/,
    /a$/,
    /a\b/,
    /a(?=b)/,
    /(?!a)b/,
    /(a|b+)/,
    /(a|)/,
    /(a)?/,
    /(a)\1/,
    /a\r/,
    /a|b$/,
    /(?:)/,
    /a(b$){2}/,
  ])("%s", (pattern) => expect(readRegex(pattern).isOpen).toBe(true));
});

describe("more text cannot change a match of", () => {
  test.each([
    /a/,
    /a+b/,
    /a{3}/,
    /(a|b)/,
    /(?<n>a+b)/,
    /^x.*y/,
    /\bfoo/,
    /a$\nb/,
    /[^a]/,
    /\$/,
    /a\+/,
    /\d/,
    /[a-z\]+]/,
    /(?<=a)b/,
    /\u{1f427}/u,
    withSets("[[a-z]--[b]]"),
    /a{b}/,
  ])("%s", (pattern) => expect(readRegex(pattern).isOpen).toBe(false));
});

describe("a match may contain a line end", () => {
  test.each([
    /a\nb/,
    /a\s/,
    /[^a]/,
    /\W/,
    /\D/,
    /./s,
    /\x0a/,
    /\cJ/,
    /[\s\S]/,
    /[\0-\x20]/,
    /a(?!\s)/,
    /\u{a}/u,
    /[^\d\r]/,
    /\P{L}/u,
  ])("%s", (pattern) => expect(readRegex(pattern).crossesLines).toBe(true));
});

describe("a match lies in one line", () => {
  test.each([/a.*b/, /[^\n]/, /[^\r\n]+x/, /\S\w\d/, /^a$/, /[^\s]/, /\[ *\d+\.\d+\]/, /\\n/, /[ \t]/])(
    "%s",
    (pattern) => expect(readRegex(pattern).crossesLines).toBe(false),
  );
});

test("only a lookahead can look across lines behind its match", () => {
  expect(readRegex(/a(?!\s*b)/).looksAcrossLines).toBe(true);
  expect(readRegex(/a(?!b)\s/).looksAcrossLines).toBe(false);
});

test("CRs become optional outside classes, and the rest of the source stays", () => {
  expect(readRegex(/a\r\nb[\r\n]\\r(?:\r)+/).tolerantSource).toBe("a(?:\\r?)\\nb[\\r\\n]\\\\r(?:(?:\\r?))+");
  for (const { source, flags } of [
    /(?<a>x{2,3}?)\k<a>|[\]\\]\/(?=\d)/,
    /\p{L}\u{1f427}🐧/u,
    withSets("[[a-z]&&[\\w--[q]]]"),
  ]) {
    expect(readRegex(new RegExp(source, flags)).tolerantSource).toBe(source);
  }
});
