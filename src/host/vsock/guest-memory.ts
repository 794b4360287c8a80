import { HostError } from "../../machine/errors.ts";
import { BadGuest } from "./bad-guest.ts";
import { type Address, libc, mapShared, sizeOf } from "./libc.ts";

/** A piece of guest RAM as the VMM describes it, with the file that backs it. */
export interface RegionPlan {
  readonly guestAddress: number;
  readonly size: number;
  /** Where the VMM itself has it: ring addresses come in these terms. */
  readonly vmmAddress: number;
  readonly fileOffset: number;
  readonly fd: number;
}

interface Region extends RegionPlan {
  readonly base: Address;
  readonly mapped: { readonly at: Address; readonly length: number };
}

/** A run of bytes in this process. */
export interface Segment {
  readonly at: Address;
  readonly length: number;
}

/** The guest's RAM, mapped here. Every address a guest names is looked up before it is used. */
export class GuestMemory {
  private readonly regions: Region[] = [];

  /** Maps every region and closes its file. Throws HostError, with nothing mapped, for what cannot be. */
  constructor(plans: readonly RegionPlan[]) {
    try {
      for (const plan of plans) this.regions.push(mapRegion(plan));
    } catch (error) {
      this.unmap();
      throw error;
    } finally {
      for (const { fd } of plans) libc().close(fd);
    }
  }

  unmap(): void {
    for (const { mapped } of this.regions.splice(0)) libc().munmap(mapped.at, mapped.length);
  }

  /** Appends where the guest's bytes are; more than one segment where they cross regions. Throws BadGuest. */
  find(guestAddress: number, length: number, into: Segment[]): void {
    let at = guestAddress;
    let left = length;
    while (left > 0) {
      const region = this.regions.find((each) => at >= each.guestAddress && at < each.guestAddress + each.size);
      if (!region) throw new BadGuest(`an address outside of guest memory: ${hex(at)} of ${length} bytes`);
      const offset = at - region.guestAddress;
      const here = Math.min(left, region.size - offset);
      into.push({ at: region.base + offset, length: here });
      at += here;
      left -= here;
    }
  }

  /** Where bytes at one of the VMM's own addresses are, all in one region. Throws BadGuest: the guest chose it. */
  findRing(vmmAddress: number, length: number): Address {
    const region = this.regions.find(
      (each) => vmmAddress >= each.vmmAddress && vmmAddress < each.vmmAddress + each.size,
    );
    const offset = vmmAddress - (region?.vmmAddress ?? 0);
    if (!region || length > region.size - offset) throw new BadGuest("a ring outside of guest memory");
    return region.base + offset;
  }
}

function mapRegion(plan: RegionPlan): Region {
  const { size, fileOffset, fd } = plan;
  const length = fileOffset + size;
  // Beyond its file's end a mapping faults (mmap(2), SIGBUS), which would end the whole process.
  if (size <= 0 || sizeOf(fd) < length)
    throw new HostError("the VMM's memory file is smaller than its memory table says");
  const at = mapShared(fd, length);
  return { ...plan, base: at + fileOffset, mapped: { at, length } };
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
