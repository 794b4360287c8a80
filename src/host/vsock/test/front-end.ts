import koffi from "koffi";
import {
  AF_UNIX,
  libc,
  makeEventFd,
  must,
  POLLIN,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  signalEvent,
  unixAddress,
  unixLength,
} from "../libc.ts";
import { messageHeaderBytes, request } from "../vhost-user.ts";
import { type DriverRing, GuestDriver, GuestRam, guestBase, type Received, vmmBase } from "./guest-driver.ts";

const native = koffi.load("libc.so.6");
const iovec = koffi.struct({ base: "void *", length: "size_t" });
const msghdr = koffi.struct({
  ...{ name: "void *", nameLength: "uint32_t", iov: koffi.pointer(iovec), iovLength: "size_t" },
  ...{ control: "void *", controlLength: "size_t", flags: "int" },
});
const sendmsg = native.func("sendmsg", "long", ["int", koffi.pointer(msghdr), "int"]);

const protocolFeatures = 1n << 30n;

/** The VMM's end of vhost-user, with a driver behind it: what QEMU and a guest's kernel do, step by step. */
export class FrontEnd {
  readonly ram = new GuestRam(512 * 4096);
  readonly driver: GuestDriver;
  private readonly fd: number;
  private readonly kicks = [makeEventFd(), makeEventFd()];
  private readonly calls = [makeEventFd(), makeEventFd()];

  constructor(path: string, cid: number) {
    this.fd = must("socket(2)", libc().socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    must("connect(2)", libc().connect(this.fd, unixAddress(path), unixLength(path)));
    this.driver = new GuestDriver(this.ram, cid);
  }

  /** Sends one message; its descriptors travel beside it. */
  send(kind: number, body: Buffer = Buffer.alloc(0), fds: readonly number[] = [], flags = 1): void {
    const header = Buffer.alloc(messageHeaderBytes);
    header.writeUInt32LE(kind, 0);
    header.writeUInt32LE(flags, 4);
    header.writeUInt32LE(body.length, 8);
    const bytes = Buffer.concat([header, body]);
    const control = Buffer.alloc(fds.length === 0 ? 0 : 16 + ((4 * fds.length + 7) & ~7));
    if (fds.length > 0) {
      control.writeBigUInt64LE(BigInt(16 + 4 * fds.length), 0);
      control.writeInt32LE(1, 8);
      control.writeInt32LE(1, 12);
      for (const [index, fd] of fds.entries()) control.writeInt32LE(fd, 16 + 4 * index);
    }
    const message = {
      ...{ name: null, nameLength: 0, iov: [{ base: bytes, length: bytes.length }], iovLength: 1 },
      ...{ control, controlLength: control.length, flags: 0 },
    };
    must("sendmsg(2)", Number(sendmsg(this.fd, message, 0)));
  }

  /** The answer to the message sent last. */
  answer(): Buffer {
    const header = this.read(messageHeaderBytes);
    return this.read(header.readUInt32LE(8));
  }

  ask(kind: number, body?: Buffer, fds?: readonly number[]): Buffer {
    this.send(kind, body, fds);
    return this.answer();
  }

  /** A driver that starts the device, as QEMU tells of it: at these indexes, and on a table of its memory. */
  start([toGuest, fromGuest]: readonly [number, number] = [0, 0]): void {
    const features = this.ask(request.getFeatures).readBigUInt64LE(0);
    this.send(request.setFeatures, u64(features & ~protocolFeatures));
    this.shareMemory();
    for (const [index, ring] of [this.driver.toGuest, this.driver.fromGuest].entries()) {
      this.startRing(index, ring, [toGuest, fromGuest][index] ?? 0);
    }
    this.ask(request.getFeatures);
  }

  shareMemory(size = this.ram.size): void {
    const table = Buffer.alloc(8 + 32);
    table.writeUInt32LE(1, 0);
    for (const [index, word] of [guestBase, size, vmmBase, 0].entries()) {
      table.writeBigUInt64LE(BigInt(word), 8 + 8 * index);
    }
    this.send(request.setMemTable, table, [this.ram.fd]);
  }

  /** Stops both rings; the indexes at which they stand. */
  stop(): [number, number] {
    const [toGuest = 0, fromGuest = 0] = [0, 1].map((index) =>
      this.ask(request.getVringBase, pair(index, 0)).readUInt32LE(4),
    );
    return [toGuest, fromGuest];
  }

  /** Runs the driver: gives room, kicks, and takes packets until `done` says so. */
  async until(done: (packets: readonly Received[]) => boolean): Promise<Received[]> {
    const packets: Received[] = [];
    const deadline = Date.now() + 10_000;
    for (;;) {
      packets.push(...this.driver.receive());
      if (done(packets)) return packets;
      if (Date.now() > deadline) throw new Error(`the device did not do it in 10 s; it sent ${packets.length} packets`);
      while (this.driver.giveRoom());
      this.kick();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  kick(): void {
    for (const fd of this.kicks) signalEvent(fd);
  }

  /** The VMM's process ends. */
  hangUp(): void {
    libc().shutdown(this.fd, 2);
  }

  close(): void {
    for (const fd of [this.fd, ...this.kicks, ...this.calls]) libc().close(fd);
    libc().munmap(this.ram.at, this.ram.size);
    libc().close(this.ram.fd);
  }

  private startRing(index: number, ring: DriverRing, base: number): void {
    this.send(request.setVringNum, pair(index, ring.size));
    this.send(request.setVringBase, pair(index, base));
    const addresses = Buffer.alloc(40);
    addresses.writeUInt32LE(index, 0);
    for (const [at, offset] of [ring.descriptors, ring.used, ring.available].entries()) {
      addresses.writeBigUInt64LE(BigInt(vmmBase + offset), 8 + 8 * at);
    }
    this.send(request.setVringAddr, addresses);
    this.send(request.setVringCall, u64(BigInt(index)), [this.calls[index] ?? -1]);
    this.send(request.setVringKick, u64(BigInt(index)), [this.kicks[index] ?? -1]);
  }

  private read(length: number): Buffer {
    const all = Buffer.alloc(length);
    const entry = Buffer.alloc(8);
    for (let filled = 0; filled < length; ) {
      entry.writeInt32LE(this.fd, 0);
      entry.writeInt16LE(POLLIN, 4);
      if (libc().poll(entry, 1, 10_000) !== 1) throw new Error("the device did not answer in 10 s");
      const got = libc().read(this.fd, all.subarray(filled), length - filled);
      if (got <= 0) throw new Error("the device closed the connection");
      filled += got;
    }
    return all;
  }
}

export function pair(first: number, second: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(first, 0);
  bytes.writeUInt32LE(second, 4);
  return bytes;
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
