import type { DiskFile, KernelFormat } from "./recipe.ts";

/** Bytes of a file from `offset`; fewer at its end. */
export type ReadAt = (offset: number, length: number) => Buffer;

export interface KernelFinding {
  /** Absent when the contents are no kernel. */
  readonly format?: KernelFormat;
  /** What the contents are, in words for a message. */
  readonly what: string;
  readonly bits?: 32 | 64;
}

/** How much of a file's beginning the sniffers want to see. */
export const headLength = 64 * 1024;

/**
 * Tells a kernel by its contents. `head` is the first 64 KiB of the file; `readAt` reads further ahead and defaults
 * to the head, which is enough for everything but the PVH note of a large ELF.
 */
export function sniffKernel(head: Buffer, readAt: ReadAt = slicer(head)): KernelFinding {
  if (head.length === 0) return { what: "an empty file" };
  // Linux Documentation/arch/x86/boot.rst: "HdrS" at 0x202; xloadflags bit 0 says there is a 64-bit entry.
  if (ascii(head, 0x202, 4) === "HdrS" && u16(head, 0x206) >= 0x200) {
    const bits = u16(head, 0x206) >= 0x20c && u16(head, 0x236) & 1 ? 64 : 32;
    return { format: "bzImage", bits, what: `a ${bits}-bit Linux bzImage` };
  }
  // Linux Documentation/arch/arm64/booting.rst: "ARM\x64" at 56.
  if (ascii(head, 56, 4) === "ARMd") return { format: "arm64-image", bits: 64, what: "an arm64 Linux Image" };
  if (ascii(head, 0, 4) === "\x7fELF") return sniffElf(head, readAt);
  if (hasMultibootHeader(head)) return { format: "multiboot", bits: 32, what: "a multiboot kernel" };
  const pe = u32(head, 0x3c);
  if (ascii(head, 0, 2) === "MZ" && ascii(head, pe, 4) === "PE\0\0") {
    return { format: "efi", what: "an EFI application" };
  }
  return { what: describe(head) };
}

const elfMachines: Record<number, string> = { 3: "i386", 62: "x86-64", 183: "arm64" };

function sniffElf(head: Buffer, readAt: ReadAt): KernelFinding {
  const bits = head[4] === 2 ? 64 : 32;
  const machine = elfMachines[u16(head, 18)] ?? `machine ${u16(head, 18)}`;
  if (hasPvhNote(head, bits, readAt))
    return { format: "elf-pvh", bits, what: `an ${machine} ELF kernel with PVH entry` };
  if (hasMultibootHeader(head)) return { format: "multiboot", bits: 32, what: `a multiboot ${machine} ELF kernel` };
  return { format: "elf", bits, what: `an ${machine} ELF file without PVH entry` };
}

/** xen/include/public/elfnote.h: a note of "Xen", type 18, holds the 32-bit entry point QEMU looks for. */
function hasPvhNote(head: Buffer, bits: 32 | 64, readAt: ReadAt): boolean {
  const [tableAt, sizeAt, countAt] = bits === 64 ? [32, 54, 56] : [28, 42, 44];
  const table = u32(head, tableAt);
  for (let index = 0; index < Math.min(u16(head, countAt), 64); index++) {
    const header = readAt(table + index * u16(head, sizeAt), 56);
    if (u32(header, 0) !== 4) continue; // PT_NOTE
    const notes = bits === 64 ? readAt(u32(header, 8), u32(header, 32)) : readAt(u32(header, 4), u32(header, 16));
    if (hasNote(notes, "Xen\0", 18)) return true;
  }
  return false;
}

function hasNote(notes: Buffer, owner: string, type: number): boolean {
  const align = (length: number) => (length + 3) & ~3;
  for (let at = 0; at + 12 <= notes.length; ) {
    const nameLength = u32(notes, at);
    if (u32(notes, at + 8) === type && ascii(notes, at + 12, nameLength) === owner) return true;
    at += 12 + align(nameLength) + align(u32(notes, at + 4));
  }
  return false;
}

/** Multiboot 0.6.96 §3.1.1: magic, flags and checksum sum up to zero, on a 4-byte border of the first 8 KiB. */
function hasMultibootHeader(head: Buffer): boolean {
  for (let at = 0; at + 12 <= Math.min(head.length, 8192); at += 4) {
    if (u32(head, at) !== 0x1badb002) continue;
    if (((u32(head, at) + u32(head, at + 4) + u32(head, at + 8)) & 0xffff_ffff) === 0) return true;
  }
  return false;
}

export interface DiskFinding {
  readonly format: DiskFile["format"] | "vmdk" | "compressed";
  readonly what: string;
  /** Why this file is not what its name promises; empty when nothing is wrong. */
  readonly problems: readonly string[];
}

/** What each extension promises. `.img` promises nothing: raw and qcow2 images both go by it. */
const promises: Record<string, readonly DiskFinding["format"][]> = {
  raw: ["raw", "iso"],
  qcow2: ["qcow2"],
  qcow: ["qcow2"],
  vhd: ["vhd"],
  vhdx: ["vhdx"],
  vmdk: ["vmdk"],
  iso: ["iso"],
};

/**
 * Tells a disk by its contents: `head` is the first 64 KiB, `tail` the last 512 bytes (a fixed VHD is known by its
 * footer alone), `name` the file's name, whose extension must not promise something else.
 */
export function sniffDisk(head: Buffer, tail: Buffer, name: string): DiskFinding {
  const [format, what] = diskFormat(head, tail);
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  const promised = promises[extension];
  const problems: string[] = [];
  if (format === "compressed") problems.push(`${name} is ${what}: unpack it first`);
  else if (format === "vmdk") problems.push(`${name} is ${what}: convert it with qemu-img convert -O qcow2`);
  else if (head.length === 0) problems.push(`${name} is empty`);
  else if (promised && !promised.includes(format)) {
    problems.push(`${name} is called .${extension} but its contents are ${what}`);
  }
  return { format, what, problems };
}

function diskFormat(head: Buffer, tail: Buffer): [DiskFinding["format"], string] {
  if (ascii(head, 0, 4) === "QFI\xfb") return ["qcow2", "a qcow2 image"];
  if (ascii(head, 0, 8) === "vhdxfile") return ["vhdx", "a VHDX image"];
  if (ascii(tail, 0, 8) === "conectix" || ascii(head, 0, 8) === "conectix") return ["vhd", "a VHD image"];
  if (ascii(head, 0, 4) === "KDMV") return ["vmdk", "a VMDK image"];
  // ECMA-119 §8.1: the first volume descriptor is in sector 16.
  if (ascii(head, 0x8001, 5) === "CD001") return ["iso", "an ISO 9660 image"];
  const packed = describe(head);
  if (packed.includes("compressed")) return ["compressed", packed];
  if (ascii(head, 512, 8) === "EFI PART") return ["raw", "a raw disk with a GPT"];
  if (u16(head, 510) === 0xaa55) return ["raw", "a raw disk with a boot sector"];
  return ["raw", "raw data without a boot sector"];
}

/** What a file that is neither kernel nor disk is, as far as a message needs to know. */
function describe(head: Buffer): string {
  const magics: [string, string][] = [
    ["\x1f\x8b", "gzip-compressed data"],
    ["\xfd7zXZ", "xz-compressed data"],
    ["\x28\xb5\x2f\xfd", "zstd-compressed data"],
    ["BZh", "bzip2-compressed data"],
    ["PK\x03\x04", "a zip archive (compressed)"],
    ["QFI\xfb", "a qcow2 disk image"],
    ["vhdxfile", "a VHDX disk image"],
    ["070701", "a cpio archive, as initramfs files are"],
    ["#!", "a script"],
    ["<", "HTML or XML text"],
  ];
  const known = magics.find(([magic]) => ascii(head, 0, magic.length) === magic)?.[1];
  if (known) return known;
  if (ascii(head, 0x8001, 5) === "CD001") return "an ISO 9660 image";
  return u16(head, 510) === 0xaa55 ? "a boot sector or disk image" : "data of an unknown kind";
}

function slicer(head: Buffer): ReadAt {
  return (offset, length) => head.subarray(offset, offset + length);
}

// Past the end of a short file the answer is "no match", not an exception.
function ascii(bytes: Buffer, at: number, length: number): string {
  return bytes.toString("latin1", at, at + length);
}

function u16(bytes: Buffer, at: number): number {
  return at + 2 <= bytes.length ? bytes.readUInt16LE(at) : 0;
}

function u32(bytes: Buffer, at: number): number {
  return at + 4 <= bytes.length ? bytes.readUInt32LE(at) : 0;
}
