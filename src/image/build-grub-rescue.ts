import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BuildInput, grubPackages, newerThanLock } from "./build-debian.ts";
import { makeStrandedGrub } from "./grub.ts";
import { writeHybridDisk } from "./hybrid-disk.ts";
import { unpackPackages } from "./packages.ts";
import type { Built } from "./store.ts";
import { hostArch } from "./tools.ts";

/** A disk that starts GRUB under a BIOS and under UEFI, and no further: the partition with its modules is missing. */
export async function buildGrubRescue(input: BuildInput): Promise<Built> {
  const { workFolder, outFolder, onStep, signal } = input;
  const used = await unpackPackages(grubPackages, workFolder, input);
  onStep("writing the disk");
  const { bios, efi } = await makeStrandedGrub({
    toolTree: join(workFolder, hostArch),
    moduleTree: join(workFolder, "amd64"),
    workFolder,
    ...(signal && { signal }),
  });
  const disk = writeHybridDisk([{ path: "EFI/BOOT/BOOTX64.EFI", data: efi }], bios);
  await writeFile(join(outFolder, "disk.img"), disk);
  return {
    version: used[0]?.version ?? "",
    files: { disk: "disk.img" },
    sources: used,
    notes: newerThanLock(used, input.locked),
  };
}
