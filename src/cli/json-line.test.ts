import fc from "fast-check";
import { expect, test } from "vitest";
import { toJsonLine } from "./json-line.ts";

const piece = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "##[error]",
    "##vso[x",
    "##teamcity[",
    "\u0300",
    "::error::",
    "\n::add-mask::",
    "\u009b2J",
    "\u202e",
    "\x1b]52;c;\x07",
  ),
);

test("a JSON line is one line that no terminal and no CI system obeys, and says the same", () => {
  fc.assert(
    fc.property(fc.array(piece), fc.string({ unit: "binary" }), (pieces, key) => {
      const value = { [key]: pieces.join(""), pieces };
      const line = toJsonLine(value);
      expect(JSON.parse(line)).toEqual(value);
      expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(line).not.toMatch(/##[\p{M}\p{DI}]*(?:vso|teamcity)?[\p{M}\p{DI}]*\[/u);
      expect(line).not.toMatch(/^[\s]*::/m);
    }),
  );
});
