import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../host/run.ts";
import type { BiosLoader } from "./hybrid-disk.ts";
import { toolLibraries } from "./tools.ts";

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
  return await biosLoader(parts, { prefix: "(,msdos1)/PETRI", modules: [...common, "biosdisk"] });
}

/** GRUB as a UEFI application; it reads /PETRI/GRUB.CFG from the volume it was started from. */
export async function makeEfiGrub(parts: GrubParts): Promise<Buffer> {
  return await makeImage(parts, "x86_64-efi", { prefix: "/PETRI", modules: [...common, "efi_gop", "chain"] });
}

/** GRUB for a PC BIOS and for UEFI whose other modules are on a partition that the disk does not have. */
export async function makeStrandedGrub(parts: GrubParts): Promise<{ bios: BiosLoader; efi: Buffer }> {
  const core = { prefix: "(hd0,msdos5)/boot/grub", modules: ["part_msdos", "fat"] };
  // Under a BIOS it speaks on COM1 only if told to; UEFI firmware sends its own console there.
  const serial = join(parts.workFolder, "serial.cfg");
  await writeFile(serial, "serial --unit=0 --speed=115200\nterminal_output serial\nterminal_input serial\n");
  const modules = [...core.modules, "biosdisk", "serial", "terminal"];
  return {
    bios: await biosLoader(parts, { ...core, modules, config: serial }),
    efi: await makeImage(parts, "x86_64-efi", core),
  };
}

async function biosLoader(parts: GrubParts, core: Core): Promise<BiosLoader> {
  const image = await makeImage(parts, "i386-pc", core);
  return { core: image, boot: await readFile(join(modulesOf(parts, "i386-pc"), "boot.img")) };
}

function modulesOf(parts: GrubParts, platform: string): string {
  return join(parts.moduleTree, "usr/lib/grub", platform);
}

interface Core {
  /** Where GRUB looks for its configuration and further modules. */
  readonly prefix: string;
  readonly modules: readonly string[];
  /** Commands that are run first. */
  readonly config?: string;
}

async function makeImage(parts: GrubParts, platform: string, { prefix, modules, config }: Core): Promise<Buffer> {
  const { toolTree, signal } = parts;
  const output = join(parts.workFolder, `grub-${platform}`);
  const target = ["-O", platform, "-d", modulesOf(parts, platform), "-p", prefix, "-o", output];
  if (config) target.push("-c", config);
  await runCommand(join(toolTree, "usr/bin/grub-mkimage"), [...target, ...modules], {
    env: toolLibraries(toolTree),
    ...(signal && { signal }),
  });
  return await readFile(output);
}
