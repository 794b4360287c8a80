import type { DiskBus } from "../machine/disk.ts";

/** Every disk with a slot: the ones named keep theirs, the others take the first free one of their bus, in order. */
export function withSlots<D extends { readonly bus: DiskBus; readonly slot?: number | undefined }>(
  disks: readonly D[],
): (D & { readonly slot: number })[] {
  const taken = new Set(disks.filter((disk) => disk.slot !== undefined).map((disk) => `${disk.bus} ${disk.slot}`));
  return disks.map((disk) => {
    if (disk.slot !== undefined) return { ...disk, slot: disk.slot };
    let slot = 0;
    while (taken.has(`${disk.bus} ${slot}`)) slot++;
    taken.add(`${disk.bus} ${slot}`);
    return { ...disk, slot };
  });
}
