import { BadGuest } from "./bad-guest.ts";
import { type GuestMemory, hex, type Segment } from "./guest-memory.ts";
import { libc, signalEvent, viewOf } from "./libc.ts";

// The split virtqueue (virtio 1.2, §2.7), seen from the device. Everything in it was written by the guest, which may
// go on writing while it is read: each field is read once, then judged, then used.

const descriptorBytes = 16;
const hasNext = 1;
const isWritable = 2;
const isIndirect = 4;
const noInterrupt = 1;
const noNotify = 1;
/** Of an indirect table: virtio 1.2 allows as many as the ring is long, and no ring of this device is longer. */
const mostDescriptors = 1024;

/** One request: what the guest wrote for us, and room for what we write. */
export interface Chain {
  readonly head: number;
  readonly readable: readonly Segment[];
  readonly writable: readonly Segment[];
  readonly readableBytes: number;
  readonly writableBytes: number;
}

export interface RingAddresses {
  readonly descriptors: number;
  readonly available: number;
  readonly used: number;
}

interface Parts {
  readonly descriptors: DataView;
  /** flags, index, then one head for each entry. */
  readonly available: Uint16Array;
  /** flags, index. */
  readonly usedHead: Uint16Array;
  /** For each entry the head, then the bytes written. */
  readonly used: Uint32Array;
  readonly memory: GuestMemory;
}

export class Ring {
  readonly name: string;
  size = 0;
  addresses: RingAddresses | undefined;
  callFd = -1;
  kickFd = -1;
  isEnabled = false;
  /** Index of the next entry to take, modulo 2^16; what a VMM asks for and gives back. */
  next = 0;
  private parts: Parts | undefined;
  private hasUsed = false;

  constructor(name: string) {
    this.name = name;
  }

  get isRunning(): boolean {
    return this.parts !== undefined && this.isEnabled && this.kickFd >= 0;
  }

  /** Finds the ring in memory, or forgets it. Throws BadGuest for one that is not all there. */
  attach(memory: GuestMemory | undefined): void {
    this.parts = undefined;
    const { addresses, size } = this;
    if (!memory || !addresses || size === 0) return;
    const { descriptors, available, used } = addresses;
    if (descriptors % 16 !== 0 || available % 2 !== 0 || used % 4 !== 0) {
      throw new BadGuest(`the ${this.name} ring is not aligned`);
    }
    const view = (at: number, length: number) => viewOf(memory.findRing(at, length), length);
    const usedRing = view(used, 4 + 8 * size);
    this.parts = {
      descriptors: new DataView(view(descriptors, descriptorBytes * size)),
      available: new Uint16Array(view(available, 4 + 2 * size)),
      usedHead: new Uint16Array(usedRing, 0, 2),
      used: new Uint32Array(usedRing, 4, 2 * size),
      memory,
    };
  }

  /** Whether the guest has given something that was not taken. Throws BadGuest for an index that cannot be. */
  hasMore(): boolean {
    const { parts } = this;
    if (!parts || !this.isEnabled) return false;
    const waiting = ((Atomics.load(parts.available, 1) & 0xffff) - this.next) & 0xffff;
    if (waiting > this.size) throw new BadGuest(`${waiting} entries in a ${this.name} ring of ${this.size}`);
    return waiting > 0;
  }

  /** The next request, which is ours until `give`. Throws BadGuest. */
  take(): Chain | undefined {
    if (!this.parts || !this.hasMore()) return undefined;
    const head = this.parts.available[2 + (this.next % this.size)] ?? 0;
    const chain = readChain(this.name, this.parts, head, this.size);
    this.next = (this.next + 1) & 0xffff;
    return chain;
  }

  /** Puts back what `take` gave last, as if it had not been taken. */
  untake(): void {
    this.next = (this.next - 1) & 0xffff;
  }

  /** Gives a request back to the guest. */
  give(chain: Chain, written: number): void {
    const { parts } = this;
    if (!parts) return;
    const index = Atomics.load(parts.usedHead, 1);
    const at = 2 * (index % this.size);
    parts.used[at] = chain.head;
    parts.used[at + 1] = written;
    Atomics.store(parts.usedHead, 1, index + 1);
    this.hasUsed = true;
  }

  /** Interrupts the guest if something was given back and it wants to know. */
  notify(): void {
    if (!this.hasUsed || !this.parts) return;
    this.hasUsed = false;
    if (this.callFd >= 0 && (Atomics.load(this.parts.available, 0) & noInterrupt) === 0) signalEvent(this.callFd);
  }

  /** Whether the guest should kick when it gives something. Look once more after wanting it again. */
  wantKicks(wanted: boolean): void {
    if (this.parts) Atomics.store(this.parts.usedHead, 0, wanted ? 0 : noNotify);
  }
}

function readChain(ring: string, parts: Parts, head: number, size: number): Chain {
  if (head >= size) throw new BadGuest(`descriptor ${head} in a ${ring} ring of ${size}`);
  const chain = { head, readable: [] as Segment[], writable: [] as Segment[], readableBytes: 0, writableBytes: 0 };
  const flags = parts.descriptors.getUint16(head * descriptorBytes + 12, true);
  if ((flags & isIndirect) === 0) {
    walk(ring, parts.descriptors, size, head, parts.memory, chain);
    return chain;
  }
  const address = readAddress(parts.descriptors, head * descriptorBytes);
  const length = parts.descriptors.getUint32(head * descriptorBytes + 8, true);
  const count = length / descriptorBytes;
  if ((flags & hasNext) !== 0 || count === 0 || !Number.isInteger(count) || count > mostDescriptors) {
    throw new BadGuest(`an indirect table of ${length} bytes in the ${ring} ring`);
  }
  walk(ring, copyTable(parts.memory, address, length), count, 0, parts.memory, chain);
  return chain;
}

type OpenChain = { -readonly [K in keyof Chain]: Chain[K] } & { readable: Segment[]; writable: Segment[] };

function walk(
  ring: string,
  table: DataView,
  count: number,
  first: number,
  memory: GuestMemory,
  chain: OpenChain,
): void {
  let index = first;
  for (let steps = 0; ; steps++) {
    if (steps === count) throw new BadGuest(`descriptors of the ${ring} ring form a loop`);
    const at = index * descriptorBytes;
    const address = readAddress(table, at);
    const length = table.getUint32(at + 8, true);
    const flags = table.getUint16(at + 12, true);
    if ((flags & isIndirect) !== 0) throw new BadGuest(`an indirect table within a chain of the ${ring} ring`);
    if ((flags & isWritable) !== 0) {
      memory.find(address, length, chain.writable);
      chain.writableBytes += length;
    } else {
      if (chain.writable.length > 0)
        throw new BadGuest(`a readable descriptor after a writable one in the ${ring} ring`);
      memory.find(address, length, chain.readable);
      chain.readableBytes += length;
    }
    if ((flags & hasNext) === 0) return;
    index = table.getUint16(at + 14, true);
    if (index >= count) throw new BadGuest(`descriptor ${index} in a table of ${count} of the ${ring} ring`);
  }
}

function readAddress(table: DataView, at: number): number {
  const high = table.getUint32(at + 4, true);
  // Beyond 2^53 a number is not exact; no guest has memory there.
  if (high >= 2 ** 21) throw new BadGuest(`an address outside of guest memory: ${hex(high)}…`);
  return table.getUint32(at, true) + high * 2 ** 32;
}

const scratch = new Uint8Array(mostDescriptors * descriptorBytes);

function copyTable(memory: GuestMemory, address: number, length: number): DataView {
  const segments: Segment[] = [];
  memory.find(address, length, segments);
  copyFrom(segments, scratch, length);
  return new DataView(scratch.buffer, 0, length);
}

/** Copies the first bytes of some segments. */
export function copyFrom(segments: readonly Segment[], into: Uint8Array, length: number): void {
  let done = 0;
  for (const segment of segments) {
    const here = Math.min(segment.length, length - done);
    if (here <= 0) return;
    libc().copyOut(into.subarray(done, done + here), segment.at, here);
    done += here;
  }
}

/** Copies bytes to the start of some segments. */
export function copyTo(segments: readonly Segment[], from: Uint8Array): void {
  let done = 0;
  for (const segment of segments) {
    const here = Math.min(segment.length, from.length - done);
    if (here <= 0) return;
    libc().copyIn(segment.at, from.subarray(done, done + here), here);
    done += here;
  }
}

/** The segments without their first bytes, and no longer than `length` in all. */
export function slice(segments: readonly Segment[], skip: number, length: number): Segment[] {
  const found: Segment[] = [];
  let left = length;
  let toSkip = skip;
  for (const segment of segments) {
    const from = Math.min(toSkip, segment.length);
    toSkip -= from;
    const here = Math.min(segment.length - from, left);
    if (here > 0) found.push({ at: segment.at + from, length: here });
    left -= Math.max(here, 0);
    if (left === 0) break;
  }
  return found;
}
