import { expect, test } from "vitest";
import type { ResolvedImage } from "../image/recipe.ts";
import { parseMachine } from "../machine/validate.ts";
import { applyImage } from "./apply-image.ts";

const image = (part: Partial<ResolvedImage>): ResolvedImage => ({
  ...{ name: "some", version: "1", boot: "kernel", arch: "x86_64", otherKernels: [], driver: "none" },
  ...{ minMemoryBytes: 2 ** 20, cpuMode: 64, needsDisplay: false, digests: {}, notes: [] },
  ...part,
});
const elf = { file: "/vmlinux", format: "elf-pvh" } as const;
const bz = { file: "/bzImage", format: "bzImage" } as const;
const direct = image({ kernel: elf, otherKernels: [bz], initrd: "/initrd", cmdline: "quiet" });
const disk = image({ boot: "uefi", disk: { file: "/disk.qcow2", format: "qcow2" } });

test("a kernel image brings its kernel, initrd and command line", () => {
  expect(applyImage({}, direct).boot).toEqual({
    kind: "kernel",
    kernel: "/vmlinux",
    initrd: "/initrd",
    cmdline: "quiet",
  });
});

test("a VMM gets the form of the kernel that it can start, or starts fastest", () => {
  const multiboot = { file: "/multiboot", format: "multiboot" } as const;
  const unpacked = { file: "/unpacked", format: "elf" } as const;
  const guest = image({ kernel: multiboot, otherKernels: [elf, unpacked] });
  const kernelOn = (vmm: "qemu" | "v86" | "openvmm", of = guest) => applyImage({}, of, vmm).boot;
  expect(kernelOn("qemu")).toMatchObject({ kernel: "/multiboot" });
  expect(kernelOn("v86")).toMatchObject({ kernel: "/unpacked" });
  expect(kernelOn("openvmm")).toMatchObject({ kernel: "/vmlinux" });
  expect(kernelOn("openvmm", direct)).toMatchObject({ kernel: "/vmlinux" });
});

test("the user's own command line wins", () => {
  expect(applyImage({ boot: { kind: "kernel", kernel: "", cmdline: "debug" } }, direct).boot).toMatchObject({
    kernel: "/vmlinux",
    cmdline: "debug",
  });
});

test("the user's own initrd wins, and a kernel beside the image's own is refused", () => {
  expect(applyImage({ boot: { kind: "kernel", kernel: "", initrd: "/mine" } }, direct).boot).toMatchObject({
    ...{ kernel: "/vmlinux", initrd: "/mine" },
  });
  for (const each of [direct, disk]) {
    expect(() => applyImage({ boot: { kind: "kernel", kernel: "/other" } }, each)).toThrow(
      "boot.kernel: the image some brings what is booted, and /other is something else: leave one of them out",
    );
  }
});

test("a disk on the place of the image's own is a clash", () => {
  const machine = applyImage({ disks: [{ file: "/data.raw", bus: "virtio", slot: 0 }] }, disk);
  expect(() => parseMachine(machine)).toThrow(/disks\[1\]\.slot: slot 0 of virtio is already taken by .*disk\.qcow2/);
});

test("UEFI firmware is given the kernel that is an EFI application, and keeps what the user said of it", () => {
  expect(applyImage({ boot: { kind: "uefi", frontpage: false } }, direct).boot).toEqual({
    ...{ kind: "uefi", frontpage: false, kernel: "/bzImage", initrd: "/initrd", cmdline: "quiet" },
  });
});

test("the image's disk comes before the user's", () => {
  const { disks, boot } = applyImage({ disks: [{ file: "/data.raw" }] }, disk);
  expect(disks).toEqual([{ file: "/disk.qcow2", format: "qcow2", slot: 0 }, { file: "/data.raw" }]);
  expect(boot).toEqual({ kind: "uefi" });
  expect(applyImage({}, image({ boot: "pcat", disk: { file: "/d", format: "raw" } })).boot).toEqual({ kind: "pcat" });
});

test("memory is what the image needs, and at least 128 MiB, unless the user says otherwise", () => {
  expect(applyImage({}, disk).memory).toEqual({ size: 128 * 2 ** 20 });
  expect(applyImage({}, image({ minMemoryBytes: 2 ** 30 })).memory).toEqual({ size: 2 ** 30 });
  expect(applyImage({ memory: { size: "64M" } }, disk).memory).toEqual({ size: "64M" });
});

test("an image that needs a display gets one, if the user has said nothing", () => {
  const graphical = image({ needsDisplay: true });
  expect(applyImage({}, graphical).display).toBe("headless");
  expect(applyImage({ display: "none" }, graphical).display).toBe("none");
  expect(applyImage({}, disk).display).toBe("none");
});
