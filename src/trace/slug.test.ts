import fc from "fast-check";
import { expect, test } from "vitest";
import { slug, traceDir } from "./slug.ts";

test("a name that is safe stays; any other is made safe and marked with a hash", () => {
  expect(slug("powers-off_1.2")).toBe("powers-off_1.2");
  expect([
    slug("powers off cleanly [qemu uefi debian-12]"),
    slug("Powers-off"),
    slug("../../etc/passwd"),
    slug(""),
    slug("com1"),
    slug("nul.txt"),
    slug("größe 💥"),
  ]).toMatchInlineSnapshot(`
    [
      "powers-off-cleanly-qemu-uefi-debian-12-60b15e5a",
      "powers-off-9efa7200",
      "etc-passwd-833ba4aa",
      "x-e3b0c442",
      "com1-e7499e15",
      "x-nul.txt-0334b712",
      "gr-e-18177a75",
    ]
  `);
  expect(traceDir("results/r1", "a b", 2, "vm")).toBe(`results/r1/${slug("a b")}/2-vm`);
});

test("a slug is safe on every file system, stable, and its own", () => {
  const name = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.constantFrom("aux", "a", "A", "a-", ".", "..", "x-1a2b3c4d"),
  );
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(slug(a)).toMatch(/^[a-z0-9_][a-z0-9._-]*$/);
      expect(slug(a)).not.toMatch(/[.]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/);
      expect(slug(a).length).toBeLessThanOrEqual(100);
      expect(slug(a) === slug(b)).toBe(a === b);
    }),
  );
});
