import { type BuildInput, buildDebian, debianPackages, grubPackages } from "./build-debian.ts";
import { buildGrubRescue } from "./build-grub-rescue.ts";
import { buildMemtest, memtestPackages } from "./build-memtest.ts";
import type { WantedPackage } from "./packages.ts";
import type { BuiltSource } from "./recipe.ts";
import type { Built } from "./store.ts";

/** What the image is made from. */
export function packagesOf(source: BuiltSource): readonly WantedPackage[] {
  switch (source.kind) {
    case "debian":
      return debianPackages(source);
    case "memtest":
      return memtestPackages;
    case "grub-rescue":
      return grubPackages;
  }
}

export async function build(source: BuiltSource, input: BuildInput): Promise<Built> {
  switch (source.kind) {
    case "debian":
      return await buildDebian(source, input);
    case "memtest":
      return await buildMemtest(input);
    case "grub-rescue":
      return await buildGrubRescue(input);
  }
}
