import { HostError } from "../../machine/errors.ts";
import { BadGuest } from "./bad-guest.ts";
import type { VsockDevice } from "./device.ts";
import { GuestMemory, type RegionPlan } from "./guest-memory.ts";
import { libc, sendBytes } from "./libc.ts";
import type { Ring } from "./ring.ts";

// The vhost-user protocol, back-end side (QEMU, docs/interop/vhost-user.rst): the VMM hands over the guest's memory and
// the places of its rings, in messages with descriptors beside them.

/** A message: request, flags, size; then `size` bytes. */
export const messageHeaderBytes = 12;
export const mostPayloadBytes = 4096;
const version = 1;
const isReply = 1 << 2;
const needsReply = 1 << 3;

export const request = {
  getFeatures: 1,
  setFeatures: 2,
  setOwner: 3,
  resetOwner: 4,
  setMemTable: 5,
  setVringNum: 8,
  setVringAddr: 9,
  setVringBase: 10,
  getVringBase: 11,
  setVringKick: 12,
  setVringCall: 13,
  setVringErr: 14,
  getProtocolFeatures: 15,
  setProtocolFeatures: 16,
  getQueueNum: 17,
  setVringEnable: 18,
  getConfig: 24,
} as const;

const indirectDescriptors = 1n << 28n;
const protocolFeatures = 1n << 30n;
const version1 = 1n << 32n;
const replyAck = 1n << 3n;
const config = 1n << 9n;
/** A ring's index in the low byte; this bit says that no descriptor comes with it. */
const noFd = 0x100;

/** One VMM at the other end. Throws HostError for a message that cannot be: the VMM's fault, not the guest's. */
export class VhostUser {
  private readonly device: VsockDevice;
  private readonly cid: number;
  private readonly send: (bytes: Uint8Array) => void;
  private memory: GuestMemory | undefined;
  private features = 0n;
  private usesReplyAck = false;
  private wasRunning = false;
  /** Where each ring stopped: a VMM that goes on from there had only paused its guest. */
  private readonly stoppedAt = new Map<Ring, number>();

  constructor(device: VsockDevice, cid: number, fd: number) {
    this.device = device;
    this.cid = cid;
    this.send = (bytes) => {
      if (sendBytes(fd, bytes) !== bytes.length)
        throw new HostError("the VMM does not take answers on its vsock socket");
    };
  }

  take(kind: number, flags: number, body: Buffer, fds: readonly number[]): void {
    const kept = new Set<number>();
    let ok = true;
    try {
      const answer = this.answer(kind, body, fds, kept);
      if (answer) return this.reply(kind, answer);
    } catch (error) {
      if (!(error instanceof BadGuest)) throw error;
      this.device.breakOff(error);
      ok = false;
    } finally {
      for (const fd of fds) if (!kept.has(fd)) libc().close(fd);
    }
    if (this.usesReplyAck && (flags & needsReply) !== 0) this.reply(kind, u64(ok ? 0n : 1n));
    this.noticeStart();
  }

  /** Forgets everything that the VMM had handed over. */
  close(): void {
    for (const ring of this.rings) {
      ring.attach(undefined);
      for (const fd of [ring.kickFd, ring.callFd]) if (fd >= 0) libc().close(fd);
      ring.kickFd = -1;
      ring.callFd = -1;
    }
    this.memory?.unmap();
    this.memory = undefined;
  }

  private get rings(): readonly [Ring, Ring] {
    return [this.device.toGuest, this.device.fromGuest];
  }

  private answer(kind: number, body: Buffer, fds: readonly number[], kept: Set<number>): Uint8Array | undefined {
    switch (kind) {
      case request.getFeatures:
        return u64(version1 | protocolFeatures | indirectDescriptors);
      case request.getProtocolFeatures:
        return u64(replyAck | config);
      case request.getQueueNum:
        return u64(2n);
      case request.getConfig:
        return this.config(need(body, 12));
      case request.getVringBase:
        return this.stop(need(body, 8));
      case request.setFeatures:
        this.features = need(body, 8).readBigUInt64LE(0);
        return undefined;
      case request.setProtocolFeatures:
        this.usesReplyAck = (need(body, 8).readBigUInt64LE(0) & replyAck) !== 0n;
        return undefined;
      case request.setMemTable:
        for (const fd of fds) kept.add(fd);
        return this.setMemory(body, fds);
      case request.setVringNum:
      case request.setVringBase:
      case request.setVringEnable:
        return this.setNumber(kind, need(body, 8));
      case request.setVringAddr:
        return this.setAddresses(need(body, 40));
      case request.setVringKick:
      case request.setVringCall:
      case request.setVringErr:
        return this.setFd(kind, need(body, 8), fds, kept);
      case request.setOwner:
      case request.resetOwner:
        return undefined;
      default:
        throw new HostError(`the VMM sent vhost-user request ${kind}, which this device has not offered`);
    }
  }

  /** struct virtio_vsock_config holds the guest's CID, in 64 bits. */
  private config(body: Buffer): Uint8Array {
    const [offset, size] = [body.readUInt32LE(0), body.readUInt32LE(4)];
    if (size > body.length - 12 || offset + size > 256) throw new HostError("the VMM asked for config beyond its end");
    const answer = Buffer.from(body);
    const space = Buffer.alloc(256);
    space.writeBigUInt64LE(BigInt(this.cid));
    space.copy(answer, 12, offset, offset + size);
    return answer;
  }

  private setMemory(body: Buffer, fds: readonly number[]): undefined {
    const count = need(body, 8).readUInt32LE(0);
    if (count !== fds.length) {
      for (const fd of fds) libc().close(fd);
      throw new HostError(`the VMM sent ${fds.length} descriptors for ${count} pieces of memory`);
    }
    need(body, 8 + 32 * count);
    const plans = fds.map((fd, index): RegionPlan => {
      const word = (at: number) => Number(body.readBigUInt64LE(8 + 32 * index + at));
      return { guestAddress: word(0), size: word(8), vmmAddress: word(16), fileOffset: word(24), fd };
    });
    for (const ring of this.rings) ring.attach(undefined);
    this.memory?.unmap();
    this.memory = undefined;
    this.memory = new GuestMemory(plans);
    for (const ring of this.rings) ring.attach(this.memory);
  }

  private setNumber(kind: number, body: Buffer): undefined {
    const ring = this.ring(body.readUInt32LE(0));
    const value = body.readUInt32LE(4);
    if (kind === request.setVringEnable) ring.isEnabled = value === 1;
    else if (kind === request.setVringBase) ring.next = value & 0xffff;
    else if (value > 0 && value <= 32768 && (value & (value - 1)) === 0) ring.size = value;
    else throw new HostError(`the VMM set a ring of ${value} entries`);
  }

  private setAddresses(body: Buffer): undefined {
    const ring = this.ring(body.readUInt32LE(0));
    const word = (at: number) => Number(body.readBigUInt64LE(at));
    ring.addresses = { descriptors: word(8), used: word(16), available: word(24) };
    ring.attach(this.memory);
  }

  private setFd(kind: number, body: Buffer, fds: readonly number[], kept: Set<number>): undefined {
    const ring = this.ring(body.readUInt32LE(0) & 0xff);
    const fd = (body.readUInt32LE(0) & noFd) === 0 ? (fds[0] ?? -1) : -1;
    if (kind === request.setVringErr) return;
    if (fd >= 0) kept.add(fd);
    const before = kind === request.setVringKick ? ring.kickFd : ring.callFd;
    if (before >= 0) libc().close(before);
    if (kind === request.setVringCall) {
      ring.callFd = fd;
      return;
    }
    ring.kickFd = fd;
    // Without protocol features a ring runs as soon as it can be kicked (vhost-user, "Ring states").
    if ((this.features & protocolFeatures) === 0n) ring.isEnabled = true;
  }

  private stop(body: Buffer): Uint8Array {
    const index = body.readUInt32LE(0);
    const ring = this.ring(index);
    this.stoppedAt.set(ring, ring.next);
    if (this.wasRunning) this.device.stopped();
    this.wasRunning = false;
    ring.addresses = undefined;
    ring.attach(undefined);
    if (ring.kickFd >= 0) libc().close(ring.kickFd);
    ring.kickFd = -1;
    const answer = Buffer.alloc(8);
    answer.writeUInt32LE(index, 0);
    answer.writeUInt32LE(ring.next, 4);
    return answer;
  }

  // A driver that starts the device anew begins its rings at 0; after a pause they go on where they were.
  private noticeStart(): void {
    const { rings } = this;
    if (this.wasRunning || !rings.every((ring) => ring.isRunning)) return;
    this.wasRunning = true;
    const goesOn = rings.every((ring) => ring.next === this.stoppedAt.get(ring)) && rings.some((ring) => ring.next > 0);
    this.device.started(goesOn);
  }

  private ring(index: number): Ring {
    const ring = this.rings[index];
    if (!ring) throw new HostError(`the VMM named ring ${index} of a vsock device, which has 0 and 1`);
    return ring;
  }

  private reply(kind: number, body: Uint8Array): void {
    const header = Buffer.alloc(messageHeaderBytes);
    header.writeUInt32LE(kind, 0);
    header.writeUInt32LE(version | isReply, 4);
    header.writeUInt32LE(body.length, 8);
    this.send(Buffer.concat([header, body]));
  }
}

function need(body: Buffer, length: number): Buffer {
  if (body.length >= length) return body;
  throw new HostError(`the VMM sent a vhost-user message of ${body.length} bytes where ${length} are needed`);
}

function u64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
