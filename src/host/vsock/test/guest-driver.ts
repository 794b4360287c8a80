import koffi from "koffi";
import { type Address, mapShared, must, viewOf } from "../libc.ts";
import { type Header, headerBytes, hostCid, type Op, readHeader, streamType, writeHeader } from "../packet.ts";

const libc = koffi.load("libc.so.6");
const memfdCreate = libc.func("int memfd_create(const char *name, unsigned int flags)");
const ftruncate = libc.func("int ftruncate(int fd, long length)");

/** Where guest RAM begins, in the guest's own addresses and in those of the VMM that does not exist. */
export const guestBase = 0x1_0000_0000;
export const vmmBase = 0x7f00_0000_0000;

/** Guest RAM: a file in memory, as a VMM would share it. */
export class GuestRam {
  readonly fd: number;
  readonly size: number;
  readonly at: Address;
  readonly view: DataView;
  readonly bytes: Uint8Array;
  private next = 0;

  constructor(size: number) {
    this.fd = must("memfd_create(2)", memfdCreate("petri-test", 1) as number);
    must("ftruncate(2)", ftruncate(this.fd, size) as number);
    this.size = size;
    this.at = mapShared(this.fd, size);
    this.view = new DataView(viewOf(this.at, size));
    this.bytes = new Uint8Array(this.view.buffer);
  }

  /** Offset of a place nobody has yet. */
  allocate(length: number): number {
    const at = this.next;
    this.next = (at + length + 63) & ~63;
    if (this.next > this.size) throw new Error("the test's guest is out of memory");
    return at;
  }
}

/** A descriptor as a driver writes it; `at` is an offset in RAM, or a guest address where `raw`. */
export interface Piece {
  readonly at: number;
  readonly length: number;
  readonly writable?: boolean;
  readonly raw?: boolean;
}

/** The driver's side of a split ring. */
export class DriverRing {
  readonly ram: GuestRam;
  readonly size: number;
  readonly descriptors: number;
  readonly available: number;
  readonly used: number;
  private readonly free: number[];
  private readonly lengths = new Map<number, number>();
  private availableIndex = 0;
  private usedIndex = 0;
  private readonly tables: number[];

  constructor(ram: GuestRam, size: number) {
    this.ram = ram;
    this.size = size;
    this.descriptors = ram.allocate(16 * size);
    this.available = ram.allocate(6 + 2 * size);
    this.used = ram.allocate(6 + 8 * size);
    this.free = Array.from({ length: size }, (_, index) => index);
    this.tables = Array.from({ length: size }, () => ram.allocate(16 * 32));
  }

  /** As after a reset of the device. */
  reset(): void {
    this.ram.bytes.fill(0, this.available, this.available + 6 + 2 * this.size);
    this.ram.bytes.fill(0, this.used, this.used + 6 + 8 * this.size);
    this.availableIndex = 0;
    this.usedIndex = 0;
    this.lengths.clear();
    this.free.splice(0, this.free.length, ...Array.from({ length: this.size }, (_, index) => index));
  }

  hasFree(pieces: number): boolean {
    return this.free.length >= pieces;
  }

  /** Makes a chain available; returns its head. */
  add(pieces: readonly Piece[], isIndirect = false): number {
    const head = this.chain(pieces, isIndirect);
    this.offer(head);
    return head;
  }

  offer(head: number): void {
    this.ram.view.setUint16(this.available + 4 + 2 * (this.availableIndex % this.size), head, true);
    this.availableIndex = (this.availableIndex + 1) & 0xffff;
    this.ram.view.setUint16(this.available + 2, this.availableIndex, true);
  }

  /** What the device has given back since the last call: heads and bytes written. */
  takeUsed(): { head: number; length: number }[] {
    const found: { head: number; length: number }[] = [];
    const until = this.ram.view.getUint16(this.used + 2, true);
    for (; this.usedIndex !== until; this.usedIndex = (this.usedIndex + 1) & 0xffff) {
      const at = this.used + 4 + 8 * (this.usedIndex % this.size);
      const head = this.ram.view.getUint32(at, true);
      found.push({ head, length: this.ram.view.getUint32(at + 4, true) });
      this.release(head);
    }
    return found;
  }

  write(index: number, { at, length, writable, raw }: Piece, flags: number, next: number): void {
    this.writeAt(this.descriptors + 16 * index, { at, length, raw: raw ?? false }, flags | (writable ? 2 : 0), next);
  }

  private chain(pieces: readonly Piece[], isIndirect: boolean): number {
    if (isIndirect) {
      const head = this.takeFree();
      const table = this.tables[head] ?? 0;
      for (const [index, piece] of pieces.entries()) {
        const isLast = index === pieces.length - 1;
        this.writeAt(table + 16 * index, piece, (piece.writable ? 2 : 0) | (isLast ? 0 : 1), index + 1);
      }
      this.writeAt(this.descriptors + 16 * head, { at: table, length: 16 * pieces.length }, 4, 0);
      this.lengths.set(head, 1);
      return head;
    }
    const indexes = pieces.map(() => this.takeFree());
    for (const [position, piece] of pieces.entries()) {
      const next = indexes[position + 1];
      this.write(indexes[position] ?? 0, piece, next === undefined ? 0 : 1, next ?? 0);
    }
    this.lengths.set(indexes[0] ?? 0, indexes.length);
    return indexes[0] ?? 0;
  }

  private release(head: number): void {
    let index = head;
    for (let left = this.lengths.get(head) ?? 0; left > 0; left--) {
      this.free.push(index);
      index = this.ram.view.getUint16(this.descriptors + 16 * index + 14, true);
    }
    this.lengths.delete(head);
  }

  private takeFree(): number {
    const index = this.free.shift();
    if (index === undefined) throw new Error("the test's ring is full");
    return index;
  }

  private writeAt(at: number, piece: Piece, flags: number, next: number): void {
    const address = piece.raw ? piece.at : guestBase + piece.at;
    this.ram.view.setUint32(at, address % 2 ** 32, true);
    this.ram.view.setUint32(at + 4, Math.floor(address / 2 ** 32), true);
    this.ram.view.setUint32(at + 8, piece.length, true);
    this.ram.view.setUint16(at + 12, flags, true);
    this.ram.view.setUint16(at + 14, next, true);
  }
}

export interface Received {
  readonly header: Header;
  readonly payload: Buffer;
}

const slotBytes = 8192;

/** A driver of the device, which cuts its packets as it is told. */
export class GuestDriver {
  readonly ram: GuestRam;
  readonly toGuest: DriverRing;
  readonly fromGuest: DriverRing;
  readonly cid: number;
  private readonly slots = new Map<DriverRing, number[]>();
  private readonly buffers = new Map<number, { readonly slot: number; readonly pieces: readonly Piece[] }>();
  private readonly sent = new Map<number, number>();

  constructor(ram: GuestRam, cid: number, size = 16) {
    this.ram = ram;
    this.cid = cid;
    this.toGuest = new DriverRing(ram, size);
    this.fromGuest = new DriverRing(ram, size);
    for (const ring of [this.toGuest, this.fromGuest]) {
      this.slots.set(
        ring,
        Array.from({ length: size }, () => ram.allocate(slotBytes)),
      );
    }
  }

  header(which: Op, more: Partial<Header> = {}): Header {
    return {
      ...{ srcCid: this.cid, dstCid: hostCid, srcPort: 1000, dstPort: 5000, length: 0, type: streamType },
      ...{ op: which, flags: 0, bufAlloc: 65_536, fwdCnt: 0 },
      ...more,
    };
  }

  /** Sends a packet in pieces of these lengths, the rest in one more. False if the ring has no room. */
  send(
    header: Header,
    payload: Uint8Array = new Uint8Array(),
    cuts: readonly number[] = [],
    isIndirect = false,
  ): boolean {
    this.reap();
    const slot = this.slots.get(this.fromGuest)?.shift();
    if (slot === undefined) return false;
    writeHeader(new DataView(this.ram.view.buffer, slot, headerBytes), {
      ...header,
      length: header.length || payload.length,
    });
    this.ram.bytes.set(payload, slot + headerBytes);
    const pieces = cut(slot, headerBytes + payload.length, cuts);
    if (!this.fromGuest.hasFree(isIndirect ? 1 : pieces.length)) {
      this.slots.get(this.fromGuest)?.unshift(slot);
      return false;
    }
    this.sent.set(this.fromGuest.add(pieces, isIndirect), slot);
    return true;
  }

  /** Gives the device room for one packet. False if the ring is full. */
  giveRoom(length = 4096, cuts: readonly number[] = [headerBytes], isIndirect = false): boolean {
    const slot = this.slots.get(this.toGuest)?.shift();
    if (slot === undefined) return false;
    const pieces = cut(slot, length, cuts).map((piece) => ({ ...piece, writable: true }));
    if (!this.toGuest.hasFree(isIndirect ? 1 : pieces.length)) {
      this.slots.get(this.toGuest)?.unshift(slot);
      return false;
    }
    this.buffers.set(this.toGuest.add(pieces, isIndirect), { slot, pieces });
    return true;
  }

  /** The packets that came. */
  receive(): Received[] {
    return this.toGuest.takeUsed().map(({ head, length }) => {
      const buffer = this.buffers.get(head);
      if (!buffer) throw new Error(`the device gave back descriptor ${head}, which it did not have`);
      this.buffers.delete(head);
      this.slots.get(this.toGuest)?.push(buffer.slot);
      const all = Buffer.from(this.ram.bytes.subarray(buffer.slot, buffer.slot + length));
      return {
        header: readHeader(new DataView(all.buffer, all.byteOffset, headerBytes)),
        payload: all.subarray(headerBytes),
      };
    });
  }

  private reap(): void {
    for (const { head } of this.fromGuest.takeUsed()) {
      const slot = this.sent.get(head);
      if (slot === undefined) throw new Error(`the device gave back descriptor ${head}, which it did not have`);
      this.sent.delete(head);
      this.slots.get(this.fromGuest)?.push(slot);
    }
  }
}

function cut(at: number, length: number, cuts: readonly number[]): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const each of cuts) {
    const here = Math.min(each, length - from);
    if (here <= 0) break;
    pieces.push({ at: at + from, length: here });
    from += here;
  }
  if (from < length) pieces.push({ at: at + from, length: length - from });
  return pieces;
}
