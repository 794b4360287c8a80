import type { KernelFile, KernelFormat, ResolvedImage } from "../image/recipe.ts";
import { UsageError } from "../machine/errors.ts";
import type { MachineInput } from "../machine/machine.ts";
import type { VmmName } from "../machine/placement.ts";
import { showWord } from "../machine/problem.ts";

/** A machine without its boot: the image says how it starts. */
export type MachinePart = Omit<MachineInput, "boot"> & { readonly boot?: MachineInput["boot"] };

/**
 * The machine that boots this image: its kernel or disk put in, everything else as the user wrote it. Where the VMM is
 * known already, it gets the form of the kernel that it starts fastest.
 */
export function applyImage(part: MachinePart, image: ResolvedImage, vmm?: VmmName): MachineInput {
  refuseOtherKernel(part, image);
  const disks = image.disk ? [firstDisk(image.disk, vmm), ...(part.disks ?? [])] : part.disks;
  const memory = { size: Math.max(image.minMemoryBytes, defaultMemory), ...part.memory };
  const display = part.display ?? (image.needsDisplay ? "headless" : "none");
  return {
    ...part,
    arch: image.arch,
    boot: bootOf(part, kernelFor(vmm, image)),
    memory,
    display,
    ...(disks ? { disks } : {}),
  };
}

/** It comes first: a disk of the user's on its place is a clash, not another one to boot from. */
function firstDisk({ file, format }: NonNullable<ResolvedImage["disk"]>, vmm: VmmName | undefined) {
  if (format === "iso") return { file, format };
  // A BIOS boots from IDE, where nothing else is said; vmd has virtio disks only, and a BIOS that boots from them.
  return { file, format, slot: 0, ...(vmm === "vmctl" && { bus: "virtio" as const }) };
}

function refuseOtherKernel({ boot }: MachinePart, { name }: ResolvedImage): void {
  // Empty where somebody says how the image boots and its type wants a kernel.
  if (boot === undefined || !("kernel" in boot) || !boot.kernel) return;
  throw new UsageError(
    `boot.kernel: the image ${name} brings what is booted, and ${showWord(boot.kernel)} is something else: leave one of them out`,
  );
}

const defaultMemory = 128 * 2 ** 20;

function bootOf(part: MachinePart, image: ResolvedImage): MachineInput["boot"] {
  const cmdline = part.boot && "cmdline" in part.boot ? part.boot.cmdline : image.cmdline;
  const initrd = (part.boot && "initrd" in part.boot ? part.boot.initrd : undefined) ?? image.initrd;
  const direct = image.kernel && {
    kernel: image.kernel.file,
    ...(initrd === undefined ? {} : { initrd }),
    ...(cmdline === undefined ? {} : { cmdline }),
  };
  switch (image.boot) {
    case "kernel":
      // UEFI firmware that gets its kernel from the VMM starts it as an application: only a bzImage is one.
      if (part.boot?.kind === "uefi") return { ...part.boot, ...direct, ...efiKernel(image) };
      return { kind: "kernel", kernel: "", ...direct };
    case "uefi":
      return { ...(part.boot?.kind === "uefi" ? part.boot : {}), kind: "uefi", ...(image.disk ? {} : direct) };
    case "pcat":
      return { ...(part.boot?.kind === "pcat" ? part.boot : {}), kind: "pcat" };
  }
}

function kernelFor(vmm: VmmName | undefined, image: ResolvedImage): ResolvedImage {
  const other = (...formats: readonly KernelFormat[]) =>
    image.otherKernels.find(({ format }) => formats.includes(format));
  // petri-v86 starts an unpacked kernel in a third of the time that the kernel's own unpacking takes under its jit.
  if (vmm === "v86") return withKernel(image, other("elf"));
  // OpenVMM's loader knows no multiboot (vm/loader/src/linux.rs).
  if (vmm === "openvmm" && image.kernel?.format === "multiboot") return withKernel(image, other("elf-pvh", "bzImage"));
  return image;
}

function withKernel(image: ResolvedImage, kernel: KernelFile | undefined): ResolvedImage {
  return kernel ? { ...image, kernel } : image;
}

function efiKernel({ kernel, otherKernels }: ResolvedImage): { kernel: string } | undefined {
  const found = [kernel, ...otherKernels].find((each) => each?.format === "bzImage" || each?.format === "efi");
  return found && { kernel: found.file };
}
