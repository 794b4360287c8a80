import { z } from "zod";
import { filePath } from "./file-path.ts";

export const diskBuses = ["ide", "ahci", "scsi", "nvme", "virtio", "usb", "floppy"] as const;
export const diskFormats = ["raw", "qcow2", "vhd", "vhdx", "iso"] as const;

/**
 * How many disks a bus can hold: IDE has two channels of two drives; ICH9's AHCI has six ports; Hyper-V's SCSI
 * numbers 64 LUNs; a PCI bus has 32 device numbers; a USB address has 7 bits; a PC has two floppy drives.
 */
export const busCapacity: Readonly<Record<DiskBus, number>> = {
  ide: 4,
  ahci: 6,
  scsi: 64,
  nvme: 32,
  virtio: 32,
  usb: 127,
  floppy: 2,
};

/** The buses on which an optical drive exists. */
export const opticalBuses: readonly DiskBus[] = ["ide", "ahci", "scsi", "usb"];

/** Bytes of the floppy images that PC firmware knows: 160K to 2.88M (INT 13h AH=08h drive types). */
export const floppySizes: readonly number[] = [160, 180, 320, 360, 720, 1200, 1440, 2880].map((kib) => kib * 1024);

export const diskSchema = z.strictObject({
  file: filePath.describe("the image; the file itself is never written unless persist is set"),
  format: z.enum(diskFormats).optional().describe("found from the file's contents if absent"),
  bus: z.enum(diskBuses).optional().describe("virtio if absent; ide for a dvd and under boot pcat"),
  slot: z.number().int().nonnegative().optional().describe("position on the bus; the next free one if absent"),
  readOnly: z.boolean().default(false),
  persist: z.boolean().default(false).describe("keep what the guest writes; thrown away otherwise"),
  dvd: z.boolean().default(false).describe("an optical drive, always read-only; implied by an iso image"),
});

export type DiskBus = (typeof diskBuses)[number];
export type DiskInput = z.input<typeof diskSchema>;
export type Disk = z.output<typeof diskSchema> & { bus: DiskBus };

/** Whether what the user wrote is an optical disc: said so, or an iso image by format or name. */
export function isOptical(disk: Pick<DiskInput, "dvd" | "format" | "file">): boolean {
  return disk.dvd === true || (disk.format === undefined ? /\.iso$/i.test(disk.file) : disk.format === "iso");
}

/** The bus a disk is on: what it says, or the one that every VMM can boot that kind of medium from. */
export function busOf(
  disk: Pick<DiskInput, "bus" | "dvd" | "format" | "file">,
  boot: "uefi" | "pcat" | "kernel" | undefined,
): DiskBus {
  return disk.bus ?? (isOptical(disk) || boot === "pcat" ? "ide" : "virtio");
}

/**
 * Fills in what follows from the rest. PCAT machines get IDE because it is the one bus that every BIOS here can
 * boot from: SeaBIOS under QEMU and v86, and Hyper-V's PCAT, which has only IDE and floppies.
 */
export function settleDisk(disk: z.output<typeof diskSchema>, boot: "uefi" | "pcat" | "kernel" | undefined): Disk {
  const dvd = isOptical(disk);
  return {
    ...disk,
    ...(dvd && disk.format === undefined && /\.iso$/i.test(disk.file) ? { format: "iso" as const } : {}),
    bus: busOf(disk, boot),
    dvd,
    readOnly: disk.readOnly || dvd,
  };
}
