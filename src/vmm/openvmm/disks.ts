import { join } from "node:path";
import type { Disk, Machine } from "../../machine/machine.ts";
import type { RunPaths, VmmPlan } from "../contract.ts";
import { withSlots } from "../slots.ts";
import type { PciePorts } from "./pcie-ports.ts";
import { needsConversion } from "./support.ts";

export type Conversion = NonNullable<VmmPlan["conversions"]>[number];
type Slotted = Disk & { readonly slot: number };

/** The disks of a machine, controllers first, and the images that have to be converted for them. */
export function diskArguments({ disks }: Machine, { runDir }: RunPaths, ports: PciePorts) {
  const conversions: Conversion[] = [];
  const slotted = withSlots(disks).map((disk, index): Slotted => {
    if (!needsConversion(disk)) return disk;
    const to = join(runDir, `disk${index}.raw`);
    conversions.push({ from: disk.file, format: disk.format ?? "raw", to });
    // The copy is of this run alone, and may be written.
    return { ...disk, file: to, persist: !disk.readOnly };
  });
  const needsVmbus = slotted.some(({ bus }) => bus === "scsi");
  const bySlot = slotted.toSorted((a, b) => a.slot - b.slot);
  return {
    args: [...(needsVmbus ? ["--vmbus-scsi", "id=scsi0"] : []), ...bySlot.flatMap((disk) => oneDisk(disk, ports))],
    conversions,
    needsVmbus,
  };
}

function oneDisk(disk: Slotted, ports: PciePorts): string[] {
  const what = `${source(disk)}${disk.dvd ? ",dvd" : disk.readOnly ? ",ro" : ""}`;
  switch (disk.bus) {
    case "virtio":
      return ["--virtio-blk", `${what}${ports.suffix()}`];
    case "nvme": {
      const id = `nvme${disk.slot}`;
      return ["--nvme-pci", `id=${id}${ports.suffix()}`, "--disk", `${what},on=${id}`];
    }
    case "scsi":
      return ["--disk", `${what},on=scsi0,lun=${disk.slot}`];
    case "ide":
      return ["--ide", `${what},${disk.slot < 2 ? "p" : "s"},${disk.slot & 1}`];
    case "floppy":
      return ["--floppy", what];
    // Refused by `openvmmSupport`.
    case "ahci":
    case "usb":
      return [];
  }
}

/** `memdiff:` keeps what the guest writes in memory, and throws it away. */
function source({ file, persist, readOnly, dvd }: Slotted): string {
  return persist || readOnly || dvd ? `file:${file}` : `memdiff:file:${file}`;
}
