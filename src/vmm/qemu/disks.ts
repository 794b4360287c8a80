import type { Disk, Machine } from "../../machine/machine.ts";
import { withSlots } from "../slots.ts";
import { usbPorts } from "./limits.ts";

/** QEMU's block driver for each format of an image file. */
const drivers = { raw: "raw", iso: "raw", qcow2: "qcow2", vhd: "vpc", vhdx: "vhdx" } as const;

type Chipset = "pc" | "q35" | "microvm";
type Slotted = Disk & { readonly slot: number };

/** The disks of a machine as `-drive` and `-device` arguments, controllers first. */
export function diskArguments(machine: Machine, chipset: Chipset): string[] {
  const { boot } = machine;
  // QEMU's loader of a direct kernel is an option ROM with boot index 0 (hw/i386/x86.c), and no two may be the same.
  const first = boot.kind === "pcat" || boot.kernel === undefined ? 0 : 1;
  return [
    ...controllers(machine, chipset),
    // In the order of their slots: on virtio and NVMe, where a slot has no name, that is the order the guest sees.
    ...withSlots(machine.disks)
      .map((disk, index) => ({ disk, index }))
      .sort((a, b) => a.disk.slot - b.disk.slot)
      .flatMap(({ disk, index }) => [
        ...driveArguments(disk, index, machine.record === true),
        ...deviceArguments(disk, index, first + index, chipset),
      ]),
  ];
}

function controllers(machine: Machine, chipset: Chipset): string[] {
  const uses = (bus: Disk["bus"]) => machine.disks.some((disk) => disk.bus === bus);
  return [
    ...(uses("ahci") && chipset === "pc" ? ["-device", "ich9-ahci,id=ahci"] : []),
    ...(uses("scsi") ? ["-device", "virtio-scsi-pci,id=scsi"] : []),
    ...(uses("usb") ? ["-device", `qemu-xhci,id=usb,p2=${usbPorts},p3=${usbPorts}`] : []),
  ];
}

function driveArguments(disk: Slotted, index: number, isRecorded: boolean): string[] {
  const id = `disk${index}`;
  if (!isRecorded) return ["-drive", driveOption(disk, id)];
  // When a request is done is part of what is recorded (QEMU's docs/system/replay.rst, "Block devices").
  const file = `${id}-file`;
  return ["-drive", driveOption(disk, file), "-drive", `id=${id},if=none,driver=blkreplay,image=${file}`];
}

// Writes are thrown away by QEMU's own temporary overlay; it lives in TMPDIR, which is the run directory.
function driveOption(disk: Slotted, id: string): string {
  const interfaceName = disk.bus === "floppy" ? `floppy,index=${disk.slot}` : "none";
  const parts = [
    `id=${id}`,
    `if=${interfaceName}`,
    `format=${drivers[disk.format ?? "raw"]}`,
    ...(disk.dvd ? ["media=cdrom"] : []),
    ...(disk.readOnly || disk.dvd ? ["readonly=on"] : []),
    ...(disk.persist || disk.readOnly || disk.dvd ? [] : ["snapshot=on"]),
    `file=${escapeOption(disk.file)}`,
  ];
  return parts.join(",");
}

function deviceArguments(disk: Slotted, index: number, bootIndex: number, chipset: Chipset): string[] {
  const { slot } = disk;
  const tail = `drive=disk${index},bootindex=${bootIndex}`;
  const medium = disk.dvd ? "cd" : "hd";
  switch (disk.bus) {
    case "virtio":
      return ["-device", `${chipset === "microvm" ? "virtio-blk-device" : "virtio-blk-pci"},${tail}`];
    case "ide":
      return ["-device", `ide-${medium},bus=ide.${slot >> 1},unit=${slot & 1},${tail}`];
    case "ahci":
      return ["-device", `ide-${medium},bus=${chipset === "q35" ? "ide" : "ahci"}.${slot},${tail}`];
    case "scsi":
      return ["-device", `scsi-${medium},bus=scsi.0,scsi-id=${slot},${tail}`];
    case "nvme":
      return ["-device", `nvme,serial=petri-${slot},${tail}`];
    case "usb":
      return ["-device", `usb-storage,bus=usb.0,port=${slot + 1},${tail}`];
    case "floppy":
      return [];
  }
}

/** QEMU's option syntax: a comma in a value is doubled (qemu(1), "-drive"). */
export function escapeOption(value: string): string {
  return value.replaceAll(",", ",,");
}
