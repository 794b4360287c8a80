import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BuildInput, grubPackages, newerThanLock } from "./build-debian.ts";
import { makeBiosGrub, makeEfiGrub } from "./grub.ts";
import { writeHybridDisk } from "./hybrid-disk.ts";
import { packageRoot } from "./lock-file.ts";
import { unpackPackages, type WantedPackage } from "./packages.ts";
import type { Built } from "./store.ts";
import { hostArch } from "./tools.ts";

const arch = "amd64";
export const memtestPackages: readonly WantedPackage[] = [{ wanted: "memtest86+", arch }, ...grubPackages];

/**
 * One disk with memtest86+ for a BIOS and for UEFI, both started by GRUB with the console on COM1. The 32-bit build
 * would not help v86: it turns PAE paging on where CPUID offers it, and v86 offers it without having it.
 */
export async function buildMemtest(input: BuildInput): Promise<Built> {
  const { workFolder, outFolder, onStep, signal } = input;
  const used = await unpackPackages(memtestPackages, workFolder, input);
  const boot = join(workFolder, arch, "boot");
  onStep("writing the disk");
  const grub = {
    toolTree: join(workFolder, hostArch),
    moduleTree: join(workFolder, arch),
    workFolder,
    ...(signal && { signal }),
  };
  const files = [
    { path: "PETRI/GRUB.CFG", data: await readFile(join(packageRoot, "images/memtest86+/grub.cfg")) },
    { path: "PETRI/MEMTEST.BIN", data: await readFile(join(boot, "memtest86+x64.bin")) },
    { path: "PETRI/MEMTEST.EFI", data: await readFile(join(boot, "memtest86+x64.efi")) },
    { path: "EFI/BOOT/BOOTX64.EFI", data: await makeEfiGrub(grub) },
  ];
  await writeFile(join(outFolder, "disk.img"), writeHybridDisk(files, await makeBiosGrub(grub)));
  return {
    version: used[0]?.version ?? "",
    files: { disk: "disk.img" },
    sources: used,
    notes: newerThanLock(used, input.locked),
  };
}
