import { BadGuest } from "./bad-guest.ts";
import { libc, POLLHUP, POLLIN, POLLOUT, socketPair } from "./libc.ts";
import { Outbox } from "./outbox.ts";
import {
  type Header,
  headerBytes,
  hostCid,
  op,
  readHeader,
  streamType,
  willDoNeither,
  willNotReceive,
  willNotSend,
} from "./packet.ts";
import { type Chain, copyFrom, Ring, slice } from "./ring.ts";
import { Stream } from "./stream.ts";
import type { FromDevice, VsockCode } from "./thread-messages.ts";

/** Packets taken from the guest before other work has its turn. */
const turn = 256;
/** Of one guest; it may open no more by itself. */
const mostStreams = 1024;
/** How long a guest may take to confirm that a stream is over (VSOCK_CLOSE_TIMEOUT of Linux). */
const closeMs = 8_000;

/** The virtio socket device (virtio 1.2, §5.10): packets in two rings on one side, Unix sockets on the other. */
export class VsockDevice {
  readonly toGuest = new Ring("receive");
  readonly fromGuest = new Ring("transmit");
  readonly streams = new Map<number, Stream>();
  private readonly cid: number;
  private readonly post: (message: FromDevice) => void;
  /** Connects to another program for the guest: a socket, or -1 if there is none. */
  private readonly forward: (port: number) => number;
  private readonly byPorts = new Map<string, Stream>();
  private readonly listening = new Set<number>();
  private readonly outbox: Outbox;
  /** Ended streams whose reader has not heard of it. */
  private readonly dying = new Map<number, number>();
  /** What the guest did wrong, until a driver starts the device anew. */
  private broken: string | undefined;
  private nextPort = 1024 + Math.floor(Math.random() * 2 ** 30);
  private nextId = -1;
  private readonly header = new Uint8Array(headerBytes);
  private readonly headerView = new DataView(this.header.buffer);

  constructor(cid: number, post: (message: FromDevice) => void, forward: (port: number) => number = () => -1) {
    this.cid = cid;
    this.post = post;
    this.forward = forward;
    this.outbox = new Outbox(this.toGuest, cid, (stream) => this.streams.get(stream.id) === stream);
  }

  connect(id: number, guestPort: number, fd: number): void {
    const stream = new Stream(id, this.freePort(guestPort), guestPort, fd);
    if (this.broken !== undefined) return this.refuse(stream, "ECONNRESET", this.broken);
    this.add(stream);
    this.outbox.queue(op.request, stream);
  }

  listen(port: number): void {
    this.listening.add(port);
  }

  unlisten(port: number): void {
    this.listening.delete(port);
  }

  /** Whoever held the other end of the stream has gone, or was told that it is over. */
  forget(id: number): void {
    const fd = this.dying.get(id);
    if (fd !== undefined) libc().close(fd);
    this.dying.delete(id);
    const stream = this.streams.get(id);
    if (!stream) return;
    if (stream.isAsked) this.outbox.queueRst(stream.hostPort, stream.guestPort);
    this.remove(stream);
  }

  /** The guest's end of every stream is gone. A request that it has not seen yet waits for its next driver. */
  reset(why: string): void {
    for (const stream of [...this.streams.values()]) {
      if (stream.state === "requested" && !stream.isAsked) continue;
      if (stream.state === "requested") this.refuse(stream, "ECONNRESET", why);
      else this.die(stream, why);
    }
    this.outbox.clear();
  }

  /** A driver runs both rings: from nothing, or where they were before a pause. */
  started(goesOn: boolean): void {
    this.broken = undefined;
    if (!goesOn) this.reset("the guest started its vsock driver anew");
    this.post({ is: "driver", runs: true });
  }

  stopped(): void {
    this.post({ is: "driver", runs: false });
  }

  /** The guest broke the protocol: nothing more is read from it until its driver starts anew. */
  breakOff(error: BadGuest): void {
    const why = `the guest's vsock driver broke the protocol: ${error.message}`;
    this.broken = why;
    this.toGuest.attach(undefined);
    this.fromGuest.attach(undefined);
    this.reset(why);
    for (const stream of [...this.streams.values()]) this.refuse(stream, "ECONNRESET", why);
    this.post({ is: "bad-guest", why });
  }

  /** Takes what the guest sent and gives what it may get. True if there is more to do at once. Throws BadGuest. */
  work(): boolean {
    this.outbox.send();
    this.takeFromGuest();
    this.outbox.send();
    this.fromGuest.notify();
    this.toGuest.notify();
    return this.fromGuest.isRunning && !this.outbox.isFull && this.fromGuest.hasMore();
  }

  /** True if the guest has given room for at least one packet. */
  get guestHasRoom(): boolean {
    return this.toGuest.isRunning && this.toGuest.hasMore();
  }

  /** The socket of a stream is ready, by poll(2)'s word. */
  polled(stream: Stream, events: number): void {
    if (stream.fd < 0) return;
    if ((events & POLLOUT) !== 0 && stream.hasPending) this.flush(stream);
    if (stream.fd < 0) return;
    if ((events & POLLIN) !== 0 && !stream.hostEnded) this.outbox.markReady(stream);
    else if ((events & POLLHUP) !== 0 && stream.hostEnded && !stream.hasPending) this.hostClosed(stream);
  }

  /** Ends what a guest never confirmed. Milliseconds until it is time to look again. */
  expire(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const stream of [...this.streams.values()]) {
      if (stream.state !== "closing") continue;
      const left = stream.closingSince + closeMs - now;
      if (left <= 0) this.finish(stream);
      else next = Math.min(next, left);
    }
    return next;
  }

  closeAll(): void {
    for (const stream of [...this.streams.values()]) this.remove(stream);
    for (const fd of this.dying.values()) libc().close(fd);
    this.dying.clear();
  }

  private takeFromGuest(): void {
    if (!this.fromGuest.isRunning) return;
    this.fromGuest.wantKicks(false);
    for (let taken = 0; taken < turn && !this.outbox.isFull; taken++) {
      const chain = this.fromGuest.take();
      if (!chain) break;
      this.takePacket(chain);
      this.fromGuest.give(chain, 0);
    }
    // Before the last look, so that nothing given meanwhile goes unseen.
    this.fromGuest.wantKicks(true);
  }

  private takePacket(chain: Chain): void {
    if (chain.readableBytes < headerBytes) throw new BadGuest(`a packet of ${chain.readableBytes} bytes`);
    copyFrom(chain.readable, this.header, headerBytes);
    const header = readHeader(this.headerView);
    if (header.length > chain.readableBytes - headerBytes) {
      throw new BadGuest(`a packet that says ${header.length} bytes and has ${chain.readableBytes - headerBytes}`);
    }
    // What is for others than us is nobody's here (virtio 1.2, §5.10.6.4.1).
    if (header.srcCid !== this.cid || header.dstCid !== hostCid) return;
    if (header.type !== streamType) return this.answerRst(header);
    const stream = this.byPorts.get(key(header.dstPort, header.srcPort));
    if (!stream) return this.takeStray(header);
    if (!stream.credit.hear(header.bufAlloc, header.fwdCnt)) {
      return this.abort(stream, "the guest says it has read what was never sent");
    }
    stream.hasAskedForCredit = false;
    this.takeFor(stream, header, chain);
  }

  private takeStray(header: Header): void {
    if (header.op === op.rst) return;
    if (header.op !== op.request || this.streams.size >= mostStreams) return this.answerRst(header);
    const isOurs = this.listening.has(header.dstPort);
    const [fd, ours] = isOurs ? socketPair() : [this.forward(header.dstPort), -1];
    if (fd < 0) return this.answerRst(header);
    const stream = new Stream(this.nextId--, header.dstPort, header.srcPort, fd);
    stream.state = "open";
    stream.isAsked = true;
    stream.isForeign = !isOurs;
    stream.credit.hear(header.bufAlloc, header.fwdCnt);
    this.add(stream);
    this.outbox.queue(op.response, stream);
    const { hostPort: port, guestPort, id } = stream;
    if (isOurs) this.post({ is: "accepted", id, port, guestPort, fd: ours });
  }

  private takeFor(stream: Stream, header: Header, chain: Chain): void {
    if (stream.state === "requested" && header.op !== op.response && header.op !== op.rst) {
      return this.abort(stream, `the guest answered a request with operation ${header.op}`);
    }
    switch (header.op) {
      case op.response:
        if (stream.state !== "requested" || !stream.isAsked) return;
        stream.state = "open";
        return this.post({ is: "connected", id: stream.id });
      case op.rw:
        return this.takeData(stream, header, chain);
      case op.shutdown:
        return this.takeShutdown(stream, header.flags);
      case op.rst:
        return this.takeRst(stream);
      case op.creditRequest:
        return this.outbox.oweUpdate(stream);
      case op.creditUpdate:
        return;
      default:
        return this.abort(stream, `the guest sent operation ${header.op}`);
    }
  }

  private takeData(stream: Stream, { length }: Header, chain: Chain): void {
    // Nobody is left to read: it is on its way to a RST.
    if (stream.state === "closing") return;
    if (!stream.guestSends) return this.abort(stream, "the guest sent more after it had said it would not");
    if (!stream.credit.admit(length)) return this.abort(stream, "the guest sent more than there was room for");
    if (!stream.deliver(slice(chain.readable, headerBytes, length), length)) return this.hostClosed(stream);
    if (stream.credit.isWorthTelling) this.outbox.oweUpdate(stream);
  }

  private takeShutdown(stream: Stream, flags: number): void {
    if ((flags & willNotReceive) !== 0 && stream.guestReceives) {
      stream.guestReceives = false;
      if (stream.fd >= 0) stream.endFromHost();
    }
    if ((flags & willNotSend) !== 0 && stream.guestSends) {
      stream.guestSends = false;
      if (stream.fd >= 0 && !stream.hasPending) stream.endTowardsHost();
    }
    this.finishIfOver(stream);
  }

  private takeRst(stream: Stream): void {
    if (stream.state === "requested") {
      return this.refuse(stream, "ECONNREFUSED", `nobody in the guest listens on port ${stream.guestPort}`);
    }
    if (stream.state === "closing") return this.remove(stream);
    // It had said that it would send no more: what it sent is still handed over, and then the end.
    if (!stream.guestSends && stream.hasPending) {
      stream.guestReceives = false;
      stream.isAsked = false;
      stream.endFromHost();
      this.byPorts.delete(key(stream.hostPort, stream.guestPort));
      return;
    }
    if (!stream.guestSends) return this.remove(stream);
    this.die(stream, "the guest reset the connection");
  }

  private flush(stream: Stream): void {
    if (!stream.flush()) return this.hostClosed(stream);
    if (stream.credit.isWorthTelling) this.outbox.oweUpdate(stream);
    if (!stream.hasPending && !stream.guestSends) stream.endTowardsHost();
    this.finishIfOver(stream);
  }

  /** The guest has closed its end, and all it sent is handed over. */
  private finishIfOver(stream: Stream): void {
    if (!stream.guestSends && !stream.guestReceives && !stream.hasPending) this.finish(stream);
  }

  private finish(stream: Stream): void {
    if (stream.isAsked) this.outbox.queueRst(stream.hostPort, stream.guestPort);
    this.remove(stream);
  }

  /** Our side has closed the stream: the guest is told, and its confirmation waited for. */
  private hostClosed(stream: Stream): void {
    stream.close();
    if (!stream.isAsked) return this.remove(stream);
    stream.state = "closing";
    stream.closingSince = performance.now();
    this.outbox.queue(op.shutdown, stream, willDoNeither);
  }

  private answerRst({ srcPort, dstPort, type, op: which }: Header): void {
    if (which !== op.rst) this.outbox.queueRst(dstPort, srcPort, type);
  }

  /** Ends a stream that cannot go on, on both sides. */
  private abort(stream: Stream, why: string): void {
    this.outbox.queueRst(stream.hostPort, stream.guestPort);
    if (stream.state === "requested") this.refuse(stream, "ECONNRESET", why);
    else this.die(stream, why);
  }

  /** Tells our side that its stream is over; the socket stays open until it has heard, so that it sees no plain end. */
  private die(stream: Stream, why: string): void {
    if (stream.fd >= 0 && !stream.isForeign) {
      this.dying.set(stream.id, stream.fd);
      stream.fd = -1;
      this.post({ is: "reset", id: stream.id, why });
    }
    this.remove(stream);
  }

  private refuse(stream: Stream, code: VsockCode, why: string): void {
    this.post({ is: "refused", id: stream.id, code, why });
    this.remove(stream);
  }

  private add(stream: Stream): void {
    this.streams.set(stream.id, stream);
    this.byPorts.set(key(stream.hostPort, stream.guestPort), stream);
  }

  private remove(stream: Stream): void {
    stream.close();
    this.streams.delete(stream.id);
    const name = key(stream.hostPort, stream.guestPort);
    if (this.byPorts.get(name) === stream) this.byPorts.delete(name);
  }

  private freePort(guestPort: number): number {
    do this.nextPort = this.nextPort >= 2 ** 31 ? 1024 : this.nextPort + 1;
    while (this.listening.has(this.nextPort) || this.byPorts.has(key(this.nextPort, guestPort)));
    return this.nextPort;
  }
}

function key(hostPort: number, guestPort: number): string {
  return `${hostPort}:${guestPort}`;
}
