import fc from "fast-check";
import { expect, test } from "vitest";
import { sniffDisk, sniffKernel } from "./sniff.ts";

const none = Buffer.alloc(0);

function bytes(length: number, ...parts: [number, string | number[] | Buffer][]): Buffer {
  const buffer = Buffer.alloc(length);
  for (const [at, part] of parts)
    Buffer.from(typeof part === "string" ? Buffer.from(part, "latin1") : part).copy(buffer, at);
  return buffer;
}

/** A 64-bit ELF whose only segment is a note, far behind the head. */
const noteAt = 10_000_000;
const elf64 = bytes(
  4096,
  [0, "\x7fELF\x02\x01\x01"],
  [18, [62]],
  [32, [64]],
  [54, [56, 0, 1, 0]],
  [64, [4]],
  [72, [...Buffer.from(new BigUint64Array([BigInt(noteAt)]).buffer)]],
  [96, [20]],
);
const xenNote = bytes(20, [0, [4, 0, 0, 0, 4, 0, 0, 0, 18]], [12, "Xen\0"], [16, [0, 0, 0, 1]]);
const multiboot = bytes(4096, [256, [0x02, 0xb0, 0xad, 0x1b, 0, 0, 0, 0, 0xfe, 0x4f, 0x52, 0xe4]]);

test.each([
  ["bzImage", 64, bytes(1024, [0x202, "HdrS\x0f\x02"], [0x236, [0x3f]])],
  ["bzImage", 32, bytes(1024, [0x202, "HdrS\x0f\x02"])],
  ["arm64-image", 64, bytes(64, [0, "MZ"], [56, "ARMd"])],
  ["multiboot", 32, multiboot],
  ["multiboot", 32, bytes(4096, [0, multiboot], [0, "\x7fELF\x01\x01\x01"], [18, [3]])],
  ["elf", 64, elf64],
  ["efi", undefined, bytes(512, [0, "MZ"], [0x3c, [0x80]], [0x80, "PE\0\0"])],
] as const)("recognises %s of %s bits", (format, bits, head) => {
  expect(sniffKernel(head)).toMatchObject({ format, ...(bits && { bits }) });
});

test("a PVH entry is found by its note, wherever in the file it is", () => {
  const read = (offset: number, length: number) =>
    offset === noteAt ? xenNote.subarray(0, length) : elf64.subarray(offset, offset + length);
  expect(sniffKernel(elf64, read)).toEqual({
    format: "elf-pvh",
    bits: 64,
    what: "an x86-64 ELF kernel with PVH entry",
  });
});

test.each([
  ["an empty file", none],
  ["gzip-compressed data", bytes(64, [0, "\x1f\x8b\x08"])],
  ["a qcow2 disk image", bytes(64, [0, "QFI\xfb"])],
  ["a cpio archive, as initramfs files are", bytes(64, [0, "070701"])],
  ["a boot sector or disk image", bytes(512, [510, [0x55, 0xaa]])],
  ["data of an unknown kind", bytes(64)],
])("says that %s is no kernel", (what, head) => {
  expect(sniffKernel(head)).toEqual({ what });
});

const iso = bytes(65_536, [0x8001, "CD001"], [510, [0x55, 0xaa]]);
const gpt = bytes(1024, [510, [0x55, 0xaa]], [512, "EFI PART"]);
const footer = bytes(512, [0, "conectix"]);

test.each([
  ["disk.qcow2", "qcow2", bytes(64, [0, "QFI\xfb"]), none],
  ["ubuntu.img", "qcow2", bytes(64, [0, "QFI\xfb"]), none],
  ["disk.vhdx", "vhdx", bytes(64, [0, "vhdxfile"]), none],
  ["disk.vhd", "vhd", gpt, footer],
  ["cd.iso", "iso", iso, none],
  ["hybrid.raw", "iso", iso, none],
  ["disk.raw", "raw", gpt, none],
  ["disk", "raw", bytes(64), none],
])("%s is %s and what its name promises", (name, format, head, tail) => {
  expect(sniffDisk(head, tail, name)).toMatchObject({ format, problems: [] });
});

test.each([
  ["disk.raw", bytes(64, [0, "QFI\xfb"]), none],
  ["disk.qcow2", gpt, none],
  ["disk.vhdx", gpt, footer],
  ["cd.iso", gpt, none],
  ["disk.img.xz", bytes(64, [0, "\xfd7zXZ"]), none],
  ["disk.vmdk", bytes(64, [0, "KDMV"]), none],
  ["disk.raw", none, none],
])("%s is not what its name promises", (name, head, tail) => {
  expect(sniffDisk(head, tail, name).problems).toMatchSnapshot();
});

test("no input makes the sniffers throw", () => {
  const starts = ["", "\x7fELF\x02", "\x7fELF\x01", "MZ", "QFI\xfb"].map((start) => Buffer.from(start, "latin1"));
  const contents = fc
    .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 700 }))
    .map((parts) => Buffer.concat(parts));
  fc.assert(
    fc.property(contents, contents, fc.string(), (head, tail, name) => {
      sniffKernel(head);
      sniffDisk(head, tail, name);
    }),
  );
});
