import type { DiskBus, DiskInput } from "../../machine/disk.ts";

/** A disk on its bus; its slot where the command names one. */
export type PlacedDisk = Omit<DiskInput, "bus"> & { readonly bus: DiskBus };

/**
 * The same disks with slots only where the first free one of the bus would be another. On virtio and NVMe a slot has no
 * name that a command could say, only an order.
 */
export function canonicalSlots(disks: readonly PlacedDisk[]): PlacedDisk[] {
  const buses = new Set(disks.map(({ bus }) => bus));
  const free = new Set([...buses].filter((bus) => followsOrder(disks.filter((disk) => disk.bus === bus))));
  return disks.map((disk) => {
    const { slot, ...rest } = disk;
    return free.has(disk.bus) || slot === undefined ? rest : disk;
  });
}

/** Whether the disks of one bus, each taking the first free slot, would be where they say. */
function followsOrder(disks: readonly PlacedDisk[]): boolean {
  const said = new Set(disks.flatMap(({ slot }) => slot ?? []));
  if (said.size === 0) return true;
  let next = 0;
  return disks.every(({ slot }) => {
    if (slot !== undefined) return slot === next++;
    next++;
    return true;
  });
}
