import { expect, test } from "vitest";
import { catalogue } from "./catalogue.ts";
import { findRecipe, imageSupport } from "./support.ts";

test("an image that cannot boot so says why", () => {
  expect(imageSupport("memtest86+", "kernel")).toMatchInlineSnapshot(`
    [
      "memtest86+ cannot boot by kernel: memtest86+ is started by a boot loader, from a disk",
    ]
  `);
  expect(imageSupport("debian-686", "uefi")).toMatchInlineSnapshot(`
    [
      "debian-686 cannot boot by uefi: its 32-bit kernel cannot be started by 64-bit UEFI firmware",
    ]
  `);
  expect(imageSupport("petri-guest", "kernel")).toEqual([]);
});

test("an unknown name is answered with the names there are", () => {
  expect(() => findRecipe("debain")).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: there is no image "debain"; the catalogue has petri-guest, debian-cloud, debian, debian-12, debian-crash, debian-686, lab, memtest86+, grub-rescue]`,
  );
});

test("every ready pattern is a regular expression, and names are unique", () => {
  for (const { ready } of catalogue) if (ready) new RegExp(ready.source, ready.flags);
  expect(new Set(catalogue.map((recipe) => recipe.name)).size).toBe(catalogue.length);
});
