import { expect, test } from "vitest";
import { writeHybridDisk } from "./hybrid-disk.ts";

const boot = Buffer.alloc(512, 0xb0);
const core = Buffer.alloc(3 * 512 + 100, 0xc0);

test("the disk has GRUB in its first sectors and one EFI System partition that fills the rest", () => {
  const disk = writeHybridDisk([{ path: "A.TXT", data: Buffer.from("hello") }], { boot, core });
  expect(disk.readUInt16LE(510)).toBe(0xaa55);
  // GRUB's boot.img: load LBA 1, from the drive the BIOS names.
  expect(disk.readBigUInt64LE(0x5c)).toBe(1n);
  expect(disk.readUInt8(0x64)).toBe(0xff);
  // Its code outside the patched fields is as it was.
  expect(disk.subarray(0, 0x5c)).toEqual(boot.subarray(0, 0x5c));
  // The core's own list: three more sectors from LBA 2.
  expect(disk.readBigUInt64LE(512 + 0x1f4)).toBe(2n);
  expect(disk.readUInt16LE(512 + 0x1fc)).toBe(3);
  expect(disk.subarray(2 * 512, 2 * 512 + 1000)).toEqual(Buffer.alloc(1000, 0xc0));

  const partition = disk.subarray(0x1be, 0x1ce);
  expect([partition[0], partition[4]]).toEqual([0x80, 0xef]);
  expect((partition.readUInt32LE(8) + partition.readUInt32LE(12)) * 512).toBe(disk.length);
  expect(disk.subarray(0x1ce, 0x1fe)).toEqual(Buffer.alloc(48));
  expect(disk.toString("latin1", 2048 * 512 + 54, 2048 * 512 + 62)).toBe("FAT16   ");
  expect(disk.length % 2 ** 20).toBe(0);
});

test("a loader that does not fit before the partition is refused", () => {
  expect(() => writeHybridDisk([], { boot, core: Buffer.alloc(2 ** 20) })).toThrow("does not fit");
  expect(() => writeHybridDisk([], { boot: Buffer.alloc(100), core })).toThrow("100 bytes instead of 512");
});
