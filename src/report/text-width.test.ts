import fc from "fast-check";
import { expect, test } from "vitest";
import { pad, truncate, width } from "./text-width.ts";

test("wide letters take two columns, combining marks none", () => {
  expect(["abc", "漢字", "💥", "e\u0301", "größe"].map(width)).toEqual([3, 4, 2, 1, 5]);
  expect(truncate("abcdef", 4)).toBe("abc…");
  expect(truncate("漢字漢字", 5)).toBe("漢字…");
  expect(truncate("漢字漢字", 4)).toBe("漢…");
  expect(truncate("abcd", 4)).toBe("abcd");
  expect(pad("漢", 4)).toBe("漢  ");
});

test("truncated text fits, and what fits is not truncated", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 20 }), (text, columns) => {
      const cut = truncate(text, columns);
      expect(width(cut)).toBeLessThanOrEqual(columns);
      if (width(text) <= columns) expect(cut).toBe(text);
    }),
  );
});
