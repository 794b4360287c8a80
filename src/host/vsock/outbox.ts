import { BadGuest } from "./bad-guest.ts";
import { EAGAIN, errno, libc, MSG_DONTWAIT } from "./libc.ts";
import { headerBytes, hostCid, type Op, op, streamType, willNotSend, writeHeader } from "./packet.ts";
import { type Chain, copyTo, type Ring, slice } from "./ring.ts";
import type { Stream } from "./stream.ts";

/** VIRTIO_VSOCK_MAX_PKT_BUF_SIZE of Linux: its driver refuses larger packets. */
const mostPayload = 64 * 1024;
/** A guest that takes no answers is not listened to either (as in Linux, vhost_vsock_more_replies). */
const mostReplies = 512;

interface Packet {
  readonly op: Op;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly type: number;
  readonly flags: number;
  readonly stream?: Stream;
}

/** What goes to the guest: answers first, then what the streams' sockets hold, one packet of each in turn. */
export class Outbox {
  private readonly ring: Ring;
  private readonly cid: number;
  private readonly isLive: (stream: Stream) => boolean;
  private readonly packets: Packet[] = [];
  private ready: Stream[] = [];
  private readonly header = new Uint8Array(headerBytes);
  private readonly headerView = new DataView(this.header.buffer);

  constructor(ring: Ring, cid: number, isLive: (stream: Stream) => boolean) {
    this.ring = ring;
    this.cid = cid;
    this.isLive = isLive;
  }

  get isFull(): boolean {
    return this.packets.length >= mostReplies;
  }

  queue(which: Op, stream: Stream, flags = 0): void {
    this.packets.push({ op: which, stream, ...portsOf(stream), type: streamType, flags });
  }

  queueRst(srcPort: number, dstPort: number, type = streamType): void {
    this.packets.push({ op: op.rst, srcPort, dstPort, type, flags: 0 });
  }

  /** Tells the guest of new room, once. */
  oweUpdate(stream: Stream): void {
    if (stream.owesUpdate || stream.state !== "open") return;
    stream.owesUpdate = true;
    this.queue(op.creditUpdate, stream);
  }

  /** The stream's socket has something, or its end. */
  markReady(stream: Stream): void {
    if (stream.isReadable) return;
    stream.isReadable = true;
    this.ready.push(stream);
  }

  /** Drops all but requests that no driver has seen yet. */
  clear(): void {
    this.packets.splice(0, this.packets.length, ...this.packets.filter((packet) => packet.op === op.request));
    this.ready = [];
  }

  /** Gives the guest as much as it has room for. Throws BadGuest. */
  send(): void {
    while (this.ring.isRunning) {
      const packet = this.packets[0];
      if (packet?.stream && !this.isLive(packet.stream)) {
        this.packets.shift();
        continue;
      }
      const stream = packet ? undefined : this.nextReady();
      if (!packet && !stream) return;
      const chain = this.ring.take();
      if (!chain) return;
      if (chain.writableBytes <= headerBytes) throw new BadGuest(`room of ${chain.writableBytes} bytes for a packet`);
      if (packet) {
        this.packets.shift();
        this.sendReply(chain, packet);
      } else if (stream) this.sendData(chain, stream);
    }
  }

  private nextReady(): Stream | undefined {
    while (this.ready[0] && !this.ready[0].isReadable) this.ready.shift();
    return this.ready[0];
  }

  private sendReply(chain: Chain, packet: Packet): void {
    const { stream } = packet;
    if (stream && packet.op === op.creditUpdate) stream.owesUpdate = false;
    if (stream && packet.op === op.request) stream.isAsked = true;
    this.write(chain, packet, 0);
  }

  private sendData(chain: Chain, stream: Stream): void {
    this.ready.shift();
    const { room } = stream.credit;
    const most = Math.min(chain.writableBytes - headerBytes, room, mostPayload);
    const { length, isOver } = most > 0 ? receive(stream.fd, chain, most) : { length: 0, isOver: false };
    if (length === 0 && isOver) {
      stream.hostEnded = true;
      stream.isReadable = false;
      return this.write(
        chain,
        { op: op.shutdown, stream, ...portsOf(stream), type: streamType, flags: willNotSend },
        0,
      );
    }
    if (length === 0) this.ring.untake();
    else {
      stream.credit.spend(length);
      this.write(chain, { op: op.rw, stream, ...portsOf(stream), type: streamType, flags: 0 }, length);
    }
    // Less than was asked for: there is no more now, and poll(2) tells of what comes.
    if (length === most && stream.credit.room > 0) return void this.ready.push(stream);
    stream.isReadable = false;
    if (stream.credit.room === 0) this.askForCredit(stream);
  }

  private askForCredit(stream: Stream): void {
    if (stream.hasAskedForCredit) return;
    stream.hasAskedForCredit = true;
    this.queue(op.creditRequest, stream);
  }

  private write(chain: Chain, packet: Packet, length: number): void {
    const { stream, op: which, srcPort, dstPort, type, flags } = packet;
    const credit = stream?.credit.tell() ?? { bufAlloc: 0, fwdCnt: 0 };
    const addresses = { srcCid: hostCid, dstCid: this.cid, srcPort, dstPort };
    writeHeader(this.headerView, { ...addresses, length, type, op: which, flags, ...credit });
    copyTo(chain.writable, this.header);
    this.ring.give(chain, headerBytes + length);
  }
}

/** Reads from the socket straight into the guest's buffers, behind the place of the header. */
function receive(fd: number, chain: Chain, most: number): { length: number; isOver: boolean } {
  let length = 0;
  for (const { at, length: size } of slice(chain.writable, headerBytes, most)) {
    const got = libc().recvAt(fd, at, size, MSG_DONTWAIT);
    if (got > 0) length += got;
    // An end behind some bytes is found once more by the next poll.
    if (got === 0 || (got < 0 && errno() !== EAGAIN)) return { length, isOver: true };
    if (got < size) break;
  }
  return { length, isOver: false };
}

function portsOf({ hostPort, guestPort }: Stream): { srcPort: number; dstPort: number } {
  return { srcPort: hostPort, dstPort: guestPort };
}
