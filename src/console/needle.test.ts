import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Needle, needleOfLiteral, needleOfRegex } from "./needle.ts";
import { mostBytes } from "./scan/memory.ts";

/** Where it is first, or -1. */
function first(needle: Needle | undefined, lines: string, from = 0): number | undefined {
  if (!needle) return undefined;
  const places = [...needle(Buffer.from(lines, "latin1"))];
  return places.find((at) => at >= from) ?? -1;
}

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
    expect(first(needleOfLiteral("login:"), lines)).toBe(found);
    expect(first(needleOfRegex(/^\w* *login: ?(?<user>\w+)$/), lines)).toBe(found);
  });

  test("of a regular expression is its longest run outside groups, quantified characters left out", () => {
    const needle = needleOfRegex(/abc+ \[\d\] systemd\.service(x|long enough)?/);
    expect(first(needle, "] systemd.service] systemd.service", 1)).toBe(17);
    expect(first(needle, "abcc [1] systemd_service long enough")).toBe(-1);
  });

  test("of a regular expression that ignores case does so, too", () => {
    expect(first(needleOfRegex(/LogIn: /i), "say lo\x1b[1mGIN: ")).toBe(4);
  });

  // What it is to find, as an expression of its own: colours anywhere, and anything else that is left out ends it.
  const colour = String.raw`\x1b\[[\d;:?]*[@-~]`;
  const leftOut = String.raw`\x1b(?!${colour.slice(4)})|[\0-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\xc2]`;
  const expected = (text: string, flags: string) => {
    const [first, ...rest] = text;
    return new RegExp(
      first + rest.reduceRight((after, each) => `(?:${colour})*(?:${leftOut}|${each}${after})`, ""),
      flags,
    );
  };
  const pieces = fc.constantFrom(
    ...[
      "login",
      "lo",
      "l",
      "o",
      "g",
      "i",
      "n",
      "L",
      "OGIN",
      "I",
      "\x1b[1m",
      "\x1b[",
      "\x1b",
      "[",
      "1;",
      "m",
      "\x1b[?7m",
    ],
    ...["\0", "\x7f", "\xc2", "\xc3", "\t", "\r\n", "\n", " ", "x"],
  );

  test.each([false, true])("is wherever it can be found, and nowhere else (ignoring case: %s)", (ignoreCase) => {
    const needle = ignoreCase ? needleOfRegex(/login/i) : needleOfLiteral("login");
    const regex = expected("login", ignoreCase ? "iy" : "y");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), fc.nat(80), (texts, early) => {
        const padding = "\n".repeat(mostBytes - early);
        const lines = `${padding}${texts.join("")}`;
        const places = Array.from(lines.slice(padding.length), (_, at) => padding.length + at).filter((at) => {
          regex.lastIndex = at;
          return regex.test(lines);
        });
        expect([...(needle?.(Buffer.from(lines, "latin1")) ?? [])]).toEqual(places);
      }),
      { numRuns: 1000 },
    );
  });

  test("is looked for among so many that all their places do not fit one block", () => {
    const lines = Buffer.alloc(3 * mostBytes, "l\0");
    expect([...(needleOfLiteral("login")?.(lines) ?? [])].length).toBe(lines.length / 2);
  });

  test.each([/login|ready/, /LOGIN/iu, /abcd?/, /(login)/, /abc/, /\w+ \d+/])("%s has none", (pattern) => {
    expect(needleOfRegex(pattern)).toBeUndefined();
  });

  test.each(["ok", "a\nlogin", "漢字", "é"])("%j has none", (literal) => {
    expect(needleOfLiteral(literal)).toBeUndefined();
  });
});
