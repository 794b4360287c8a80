import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../host/run.ts";
import type { BiosLoader } from "./hybrid-disk.ts";

/** Where grub-mkimage and its libraries were unpacked, and where GRUB's modules were. */
export interface GrubParts {
  readonly toolTree: string;
  readonly moduleTree: string;
  readonly workFolder: string;
  readonly signal?: AbortSignal;
}

const common = [
  "part_msdos",
  "fat",
  "normal",
  "configfile",
  "boot",
  "linux",
  "serial",
  "terminal",
  "echo",
  "ls",
  "cat",
  "test",
];

/** GRUB for a PC BIOS; it reads /PETRI/GRUB.CFG from the first partition of the disk it was started from. */
export async function makeBiosGrub(parts: GrubParts): Promise<BiosLoader> {
  const core = await makeImage(parts, "i386-pc", "(,msdos1)/PETRI", ["biosdisk"]);
  return { core, boot: await readFile(join(modulesOf(parts, "i386-pc"), "boot.img")) };
}

/** GRUB as a UEFI application; it reads /PETRI/GRUB.CFG from the volume it was started from. */
export async function makeEfiGrub(parts: GrubParts): Promise<Buffer> {
  return await makeImage(parts, "x86_64-efi", "/PETRI", ["efi_gop", "chain"]);
}

function modulesOf(parts: GrubParts, platform: string): string {
  return join(parts.moduleTree, "usr/lib/grub", platform);
}

async function makeImage(parts: GrubParts, platform: string, prefix: string, modules: string[]): Promise<Buffer> {
  const { toolTree, signal } = parts;
  const output = join(parts.workFolder, `grub-${platform}`);
  const target = ["-O", platform, "-d", modulesOf(parts, platform), "-p", prefix, "-o", output];
  const libraries = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu"];
  await runCommand(join(toolTree, "usr/bin/grub-mkimage"), [...target, ...common, ...modules], {
    env: { LD_LIBRARY_PATH: libraries.map((folder) => join(toolTree, folder)).join(":") },
    ...(signal && { signal }),
  });
  return await readFile(output);
}
