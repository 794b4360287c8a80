import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { HostError } from "../machine/errors.ts";
import { agentFile } from "./agent-file.ts";
import { buildModule, modulePackages } from "./build-module.ts";
import { unpackVmlinux } from "./bzimage.ts";
import { type CpioEntry, writeCpio } from "./cpio.ts";
import { makeBiosGrub, makeEfiGrub } from "./grub.ts";
import { writeHybridDisk } from "./hybrid-disk.ts";
import { writeInitramfs } from "./initramfs.ts";
import { initramfsToolsEntries, initramfsToolsPackages } from "./initramfs-tools.ts";
import { packageRoot } from "./lock-file.ts";
import { readModules } from "./modules.ts";
import { type LockedPackage, type PackageBuild, unpackPackages, type WantedPackage } from "./packages.ts";
import type { DebianSource, OwnParts, SystemParts } from "./recipe.ts";
import { sniffKernel } from "./sniff.ts";
import type { Built } from "./store.ts";
import { packerPackages, packSystemRoot, prepareSystemTree } from "./system-root.ts";
import { hostArch } from "./tools.ts";

/** What grub-mkimage needs that a small Debian lacks; unpacked beside it, so nobody installs anything. */
const hostTools = ["grub-common", "libdevmapper1.02.1", "xz-utils"];

export interface BuildInput extends PackageBuild {
  readonly cmdline: string;
  readonly workFolder: string;
  readonly outFolder: string;
}

/** Kernel, initramfs, and one disk that starts both under a BIOS and under UEFI. */
export async function buildDebian(source: DebianSource, input: BuildInput): Promise<Built> {
  const { workFolder, outFolder, onStep, signal } = input;
  const arch = source.debianArch;
  const used = await unpackPackages(guestPackages(source), workFolder, input);
  const system = source.system && (await unpackSystem(source.system, source, input));

  const tree = join(workFolder, arch);
  const release = await onlyName(join(tree, "lib/modules"));
  const bzImage = await readFile(join(tree, "boot", `vmlinuz-${release}`));
  onStep("unpacking the kernel", release);
  const xz = join(workFolder, hostArch, "usr/bin/xz");
  const vmlinux = await unpackVmlinux(bzImage, { xz }, signal);

  const agent = source.hasAgent && {
    ...program,
    path: "bin/petri-agent",
    data: await readFile(join(packageRoot, agentFile(source))),
  };
  const own = source.own && (await ownParts(source.own, release, tree, input));
  const packedRoot = source.system && system && (await packRoot(source.system, system.tree, input));
  onStep("packing the initramfs");
  const modules = [...source.modules, ...source.byHand];
  const stock = await readModules(join(tree, "lib/modules", release, "kernel"), modules, xz, signal);
  const programs = writeInitramfs({
    busybox: await readFile(join(tree, "bin/busybox")),
    init: await readFile(join(packageRoot, "images", source.init ?? "debian/init")),
    kernelRelease: release,
    modules: [...stock, ...(own ? [own.module] : [])],
    byHand: [...source.byHand, ...(own ? [own.module.name] : [])],
    more: [
      ...(agent ? [agent] : []),
      ...(own ? [own.program] : []),
      ...(source.hasInitramfsTools ? await initramfsToolsEntries(tree) : []),
    ],
  });

  // The kernel unpacks one archive after the other; the packed root would only take longer if it were packed again.
  const initrd = packedRoot ? Buffer.concat([writeCpio([packedRoot]), programs]) : programs;

  const contents: Record<string, Buffer> = { vmlinuz: bzImage, vmlinux, "initrd.gz": initrd };
  if (!source.isDiskless) {
    onStep("writing the disk");
    contents["disk.img"] = await makeDisk({ bzImage, initrd, input, hasEfi: arch === "amd64" });
  }
  for (const [file, data] of Object.entries(contents)) {
    await writeFile(join(outFolder, file), data, signal ? { signal } : {});
  }
  const elf = sniffKernel(vmlinux).format ?? "elf";
  const files = {
    bzImage: "vmlinuz",
    [elf]: "vmlinux",
    initrd: "initrd.gz",
    ...(contents["disk.img"] && { disk: "disk.img" }),
  };
  const kernel = used.find((entry) => entry.wanted === source.kernelPackage);
  const sources = [...used, ...(system?.used ?? [])];
  return { version: `${release} (${kernel?.version})`, files, sources, notes: newerThanLock(sources, input.locked) };
}

const program = { kind: "file", mode: 0o755 } as const;

export function debianPackages(source: DebianSource): WantedPackage[] {
  return [...guestPackages(source), ...(source.system ? systemPackages(source.system, source) : [])];
}

function systemPackages({ packages }: SystemParts, { debianArch: arch }: DebianSource): WantedPackage[] {
  return packages.map((wanted) => ({ wanted, arch }));
}

/** In a folder of their own: they are the guest's root, and the others are not part of it. */
async function unpackSystem(system: SystemParts, source: DebianSource, input: BuildInput) {
  const folder = join(input.workFolder, "system");
  const tree = join(folder, source.debianArch);
  await prepareSystemTree(tree);
  return { tree, used: await unpackPackages(systemPackages(system, source), folder, input) };
}

async function packRoot(system: SystemParts, tree: string, { workFolder, signal, onStep }: BuildInput) {
  onStep("packing the root file system");
  const toolTree = join(workFolder, hostArch);
  return await packSystemRoot(system, { tree, toolTree, workFolder, ...(signal && { signal }) });
}

function guestPackages(source: DebianSource): WantedPackage[] {
  const { kernelPackage, debianArch: arch, own, hasInitramfsTools } = source;
  return [
    { wanted: kernelPackage, arch, follow: ["linux-image-"] },
    { wanted: "busybox-static", arch },
    ...grubPackages,
    ...(source.system ? packerPackages : []),
    ...(own ? modulePackages(own.module.flavour) : []),
    ...(hasInitramfsTools ? initramfsToolsPackages : []),
  ];
}

async function ownParts(own: OwnParts, kernelRelease: string, tree: string, input: BuildInput) {
  const { workFolder, signal, onStep } = input;
  const files = join(packageRoot, "images");
  onStep("compiling a kernel module", own.module.source);
  return {
    module: await buildModule({
      source: join(files, own.module.source),
      ...{ kernelRelease, tree: resolve(tree), workFolder: resolve(workFolder) },
      ...(signal && { signal }),
    }),
    program: {
      ...{ ...program, path: `bin/${basename(own.program)}` },
      data: await readFile(join(files, own.program)),
    } satisfies CpioEntry,
  };
}

/** GRUB's own parts are the guest's; grub-mkimage runs here. */
export const grubPackages: readonly WantedPackage[] = [
  { wanted: "grub-pc-bin", arch: "amd64" },
  { wanted: "grub-efi-amd64-bin", arch: "amd64" },
  ...hostTools.map((wanted) => ({ wanted, arch: hostArch })),
];

async function makeDisk(parts: { bzImage: Buffer; initrd: Buffer; input: BuildInput; hasEfi: boolean }) {
  const { workFolder, signal, cmdline } = parts.input;
  const grub = {
    toolTree: join(workFolder, hostArch),
    moduleTree: join(workFolder, "amd64"),
    workFolder,
    ...(signal && { signal }),
  };
  const config = await readFile(join(packageRoot, "images/debian/grub.cfg"), "utf8");
  const files = [
    { path: "PETRI/GRUB.CFG", data: Buffer.from(config.replaceAll("@CMDLINE@", () => cmdline)) },
    { path: "PETRI/VMLINUZ", data: parts.bzImage },
    { path: "PETRI/INITRD.GZ", data: parts.initrd },
  ];
  if (parts.hasEfi) files.push({ path: "EFI/BOOT/BOOTX64.EFI", data: await makeEfiGrub(grub) });
  return writeHybridDisk(files, await makeBiosGrub(grub));
}

export function newerThanLock(used: readonly LockedPackage[], locked: readonly LockedPackage[]): string[] {
  return used.flatMap(({ wanted, arch, name, version }) => {
    const lock = locked.find((entry) => entry.wanted === wanted && entry.arch === arch);
    if (!lock || (lock.name === name && lock.version === version)) return [];
    return [`the archive does not have ${lock.name} ${lock.version}: built with ${name} ${version}`];
  });
}

async function onlyName(folder: string): Promise<string> {
  const [name, ...more] = await readdir(folder);
  if (!name || more.length > 0) throw new HostError(`${folder} should hold exactly one kernel`);
  return name;
}
