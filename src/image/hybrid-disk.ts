import { type FatFile, writeFat16 } from "./fat.ts";

const sectorSize = 512;
const partitionStart = 2048;

/** What starts from the disk: GRUB's two files for a BIOS. UEFI firmware finds its own file in the partition. */
export interface BiosLoader {
  /** GRUB's boot.img: the 512 bytes of the master boot record. */
  readonly boot: Buffer;
  /** GRUB's core.img, as grub-mkimage -O i386-pc makes it. */
  readonly core: Buffer;
}

/**
 * A raw disk that starts under a PC BIOS and under UEFI: an MBR partition table with one FAT partition of type EFI
 * System (UEFI 2.10 §5.2), and GRUB in the gap before it, as `grub-install` would put it there, without loop devices.
 */
export function writeHybridDisk(files: readonly FatFile[], bios: BiosLoader): Buffer {
  const volume = writeFat16(files, partitionStart);
  const partitionSectors = Math.ceil(volume.length / sectorSize / 2048) * 2048;
  const disk = Buffer.alloc((partitionStart + partitionSectors) * sectorSize);
  if (bios.core.length > (partitionStart - 1) * sectorSize) throw new RangeError("GRUB's core does not fit");
  masterBootRecord(bios.boot, partitionSectors).copy(disk);
  coreAt(bios.core, 1).copy(disk, sectorSize);
  volume.copy(disk, partitionStart * sectorSize);
  return disk;
}

/** Offsets are GRUB's include/grub/i386/pc/boot.h; boot.img reads the core's first sector and jumps to it. */
function masterBootRecord(boot: Buffer, partitionSectors: number): Buffer {
  if (boot.length !== sectorSize) throw new RangeError(`GRUB's boot.img has ${boot.length} bytes instead of 512`);
  const mbr = Buffer.from(boot);
  mbr.writeBigUInt64LE(1n, 0x5c); // GRUB_BOOT_MACHINE_KERNEL_SECTOR
  mbr.writeUInt8(0xff, 0x64); // GRUB_BOOT_MACHINE_BOOT_DRIVE: the one the BIOS booted from
  mbr.writeUInt16LE(0x9090, 0x66); // GRUB_BOOT_MACHINE_DRIVE_CHECK: a floppy's workaround, off for hard disks
  mbr.writeUInt32LE(0x50455452, 0x1b8); // the disk's signature
  mbr.fill(0, 0x1be, 0x1fe);
  mbr.writeUInt8(0x80, 0x1be); // active: some BIOSes boot nothing else
  mbr.write("\xfe\xff\xff\xef\xfe\xff\xff", 0x1bf, "latin1"); // no CHS addresses; type 0xEF, EFI System
  mbr.writeUInt32LE(partitionStart, 0x1c6);
  mbr.writeUInt32LE(partitionSectors, 0x1ca);
  mbr.writeUInt16LE(0xaa55, 0x1fe);
  return mbr;
}

/**
 * The core's first sector (diskboot.img) loads the rest by a list that grows down from its end: start sector (8),
 * length (2), segment (2). grub-mkimage has filled in length and segment for one run of sectors.
 */
function coreAt(core: Buffer, firstSector: number): Buffer {
  const padded = Buffer.concat([core, Buffer.alloc(-core.length & (sectorSize - 1))]);
  padded.writeBigUInt64LE(BigInt(firstSector + 1), 0x1f4);
  padded.writeUInt16LE(padded.length / sectorSize - 1, 0x1fc);
  return padded;
}
