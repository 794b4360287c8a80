import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { imageFolder, recipeKey, resolveImage } from "./resolve.ts";
import { imageStatus, listImages, removeImage } from "./status.ts";
import { buildOnce } from "./store.ts";
import { findRecipe } from "./support.ts";

beforeEach(async () => vi.stubEnv("PETRI_CACHE", await mkdtemp(join(tmpdir(), "petri-cache-"))));
afterEach(() => vi.unstubAllEnvs());

test("petri-guest is there without a build: a kernel, and one disk for BIOS and UEFI", async () => {
  const kernel = await resolveImage("petri-guest", "kernel");
  expect(kernel).toMatchObject({ kernel: { format: "multiboot" }, driver: "petri-guest", cpuMode: 32, notes: [] });
  expect(kernel.otherKernels.map(({ file, format }) => [basename(file), format])).toEqual([
    ["petri-guest64.elf", "elf-pvh"],
  ]);
  expect(Object.keys(kernel.digests).map((file) => basename(file))).toEqual(["petri-guest.elf", "petri-guest64.elf"]);
  expect(kernel).not.toHaveProperty("disk");
  const pcat = await resolveImage("petri-guest", "pcat");
  const uefi = await resolveImage("petri-guest", "uefi");
  expect(basename(pcat.disk?.file ?? "")).toBe("petri-guest.img");
  expect(uefi.disk).toEqual(pcat.disk);
  expect(Object.keys(uefi.digests)).toEqual([uefi.disk?.file]);
  expect(new RegExp(uefi.ready?.source ?? "", uefi.ready?.flags).test("\npetri-guest ready uefi 0.1.0\r\n")).toBe(true);
});

test("a boot kind the image lacks, or no such image, is refused before anything is built", async () => {
  await expect(resolveImage("memtest86+", "kernel")).rejects.toThrow("memtest86+ is started by a boot loader");
  await expect(resolveImage("debain", "uefi")).rejects.toThrow('there is no image "debain"');
});

/** A build of debian-cloud in the cache, without the packages. */
async function plantBuild(elf: string) {
  const name = "debian-cloud";
  return await buildOnce({
    folder: imageFolder(name),
    key: await recipeKey(findRecipe(name)),
    onStep: () => {},
    build: async (_work, out) => {
      const files = { bzImage: "vmlinuz", [elf]: "vmlinux", initrd: "initrd.gz", disk: "disk.img" };
      for (const file of Object.values(files)) await writeFile(join(out, file), file);
      return { version: "6.1", files, sources: [], notes: [] };
    },
  });
}

test("a kernel with a PVH entry is booted by it; one without is booted as bzImage", async () => {
  await plantBuild("elf-pvh");
  const image = await resolveImage("debian-cloud", "kernel");
  expect([image.kernel, ...image.otherKernels].map((kernel) => kernel?.format)).toEqual(["elf-pvh", "bzImage"]);
  await removeImage("debian-cloud");
  await plantBuild("elf");
  const old = await resolveImage("debian-cloud", "kernel");
  expect([old.kernel, ...old.otherKernels].map((kernel) => kernel?.format)).toEqual(["bzImage", "elf"]);
  expect(Object.keys(old.digests).map((file) => basename(file))).toEqual(["vmlinuz", "vmlinux", "initrd.gz"]);
});

test("what is in the cache is told, and removed", async () => {
  expect(await imageStatus("debian-cloud")).toMatchObject({ state: "absent", sizeBytes: 0 });
  const { folder } = await plantBuild("elf-pvh");
  expect(await imageStatus("debian-cloud")).toMatchObject({ state: "built", path: folder, version: "6.1" });
  await writeFile(join(folder, "manifest.json"), "");
  expect(await imageStatus("debian-cloud")).toMatchObject({ state: "damaged" });
  expect(await removeImage("debian-cloud")).toBeGreaterThan(0);
  expect(await imageStatus("debian-cloud")).toMatchObject({ state: "absent", sizeBytes: 0 });
  expect(await imageStatus("petri-guest")).toMatchObject({ state: "shipped", missingTools: [] });
});

test("the list tells how each image boots", () => {
  expect(listImages().map(({ name, boots }) => `${name}: ${boots.join(" ")}`)).toMatchInlineSnapshot(`
    [
      "petri-guest: uefi pcat kernel",
      "debian-cloud: uefi pcat kernel",
      "debian: uefi pcat kernel",
      "debian-12: uefi pcat kernel",
      "debian-crash: uefi pcat kernel",
      "debian-686: pcat kernel",
      "lab: kernel",
      "memtest86+: uefi pcat",
      "grub-rescue: uefi pcat",
    ]
  `);
});

test("another command line or another lock is another build", async () => {
  const recipe = findRecipe("debian-cloud");
  expect(await recipeKey({ ...recipe, cmdline: "quiet" })).not.toBe(await recipeKey(recipe));
  expect(await recipeKey({ ...recipe, summary: "another word" })).toBe(await recipeKey(recipe));
});
