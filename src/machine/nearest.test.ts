import fc from "fast-check";
import { expect, test } from "vitest";
import { listOf, nearest, suggest } from "./nearest.ts";

const words = ["memory", "processors", "disks", "name", "nics", "chipset"];

test.each([
  ["memroy", "memory"],
  ["memery", "memory"],
  ["disk", "disks"],
  ["Chipset", "chipset"],
  ["proc", "processors"],
  ["nmae", "name"],
  ["zzz", undefined],
  ["", undefined],
])("%o was meant as %o", (name, meant) => {
  expect(nearest(name, words)).toBe(meant);
});

test("a known name is nearest to itself, whatever else is known", () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (names) => {
      for (const name of names) expect(nearest(name, names)?.toLowerCase()).toBe(name.toLowerCase());
    }),
  );
});

test("one slip in a longer word is forgiven", () => {
  fc.assert(
    fc.property(fc.nat(9), fc.constantFrom("-", "x", ""), (at, char) => {
      expect(nearest(`processors${""}`.slice(0, at) + char + "processors".slice(at + 1), words)).toBe("processors");
    }),
  );
});

test("a suggestion names what is near, or else all there is", () => {
  expect(suggest("memroy", words)).toBe('did you mean "memory"?');
  expect(suggest("zzz", ["a1", "b2", "c3"])).toBe("known are a1, b2 and c3");
  expect(listOf(["a", "b", "c"])).toBe("a, b or c");
  expect(listOf([])).toBe("");
});
