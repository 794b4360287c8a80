import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { getSystemErrorName } from "node:util";
import { HostError, UsageError } from "../../machine/errors.ts";
import { AcceptQueue } from "./accept-queue.ts";
import { adoptSocket } from "./adopt.ts";
import { connecting } from "./connecting.ts";
import { AF_VSOCK, EINPROGRESS, errno, libc, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from "./libc.ts";
import type { FromNative, ToNative } from "./native-messages.ts";
import { PollingThread } from "./polling-thread.ts";
import { type ConnectOptions, type VsockChannel, VsockError, type VsockListener } from "./vsock.ts";

/** VMADDR_CID_ANY: bound to, it takes connections from every guest (vsock(7)). */
const anyCid = 2 ** 32 - 1;
const [EADDRINUSE, ENODEV, ECONNRESET, ETIMEDOUT, ECONNREFUSED] = [98, 19, 104, 110, 111];

/** The vsock of the host's kernel, to one guest by its CID. */
export class NativeChannel implements VsockChannel {
  readonly transport = "vhost";
  private readonly cid: number;
  private readonly thread: PollingThread<ToNative, FromNative>;
  private readonly attempts = new Map<number, (errno: number) => void>();
  private readonly listeners = new Map<number, { readonly port: number; readonly queue: AcceptQueue }>();
  private readonly streams = new Map<Socket, number>();
  private nextId = 1;
  private fault: HostError | undefined;
  private isClosing = false;

  constructor(cid: number, onFault: (error: HostError) => void) {
    this.cid = cid;
    this.thread = new PollingThread(
      "petri-vsock-native",
      "./native-thread",
      {},
      {
        onMessage: (message) => this.take(message),
        onDeath: (cause) => {
          this.fault ??= new HostError(`the thread that waits for vsock connections died: ${cause.message}`, { cause });
          this.endAll(this.fault);
          onFault(this.fault);
        },
      },
    );
  }

  async connect(port: number, options: ConnectOptions = {}): Promise<Duplex> {
    this.check();
    const silence = () => "the guest did not answer";
    return await connecting<Duplex>(port, options, silence, (resolve, reject) => {
      const id = this.nextId++;
      const fd = makeSocket();
      this.attempts.set(id, (error) => {
        this.attempts.delete(id);
        if (error === 0) resolve(this.join(fd, port));
        else reject(connectError(error, port, this.cid));
      });
      const started = libc().connect(fd, vsockAddress(this.cid, port), 16);
      const error = started === 0 ? 0 : errno();
      // Some kernels answer at once.
      if (error === EINPROGRESS) this.thread.post({ op: "connect", id, fd });
      else {
        if (error !== 0) libc().close(fd);
        this.attempts.get(id)?.(error);
      }
      return () => {
        if (this.attempts.delete(id)) this.thread.post({ op: "forget", id });
      };
    });
  }

  async listen(port: number): Promise<VsockListener> {
    this.check();
    const fd = makeSocket();
    const bound = libc().bind(fd, vsockAddress(anyCid, port), 16);
    if (bound < 0 || libc().listen(fd, 128) < 0) {
      const error = errno();
      libc().close(fd);
      if (error !== EADDRINUSE) throw new HostError(`cannot listen on vsock port ${port}: ${nameOf(error)}`);
      throw new UsageError(
        `vsock port ${port} of the host is in use: the kernel has one for all guests; choose another`,
      );
    }
    const id = this.nextId++;
    const queue = new AcceptQueue(port, () => {
      this.listeners.delete(id);
      this.thread.post({ op: "forget", id });
    });
    this.listeners.set(id, { port, queue });
    this.thread.post({ op: "listen", id, fd });
    return queue;
  }

  /** The kernel knows of the guest's end, but not of what it was: streams that it leaves open end here. */
  reset(why: string): void {
    for (const [stream, port] of this.streams) stream.destroy(new VsockError("ECONNRESET", port, why));
  }

  async close(): Promise<void> {
    if (!this.isClosing) {
      this.isClosing = true;
      this.endAll(new HostError("the VM was ended"));
    }
    await this.thread.close();
  }

  private check(): void {
    if (this.fault) throw this.fault;
    if (this.isClosing) throw new UsageError("the VM was ended: it has no vsock any more");
  }

  private take(message: FromNative): void {
    if (message.is === "connected") {
      const settle = this.attempts.get(message.id);
      if (!settle || message.errno !== 0) libc().close(message.fd);
      return settle?.(message.errno);
    }
    const listener = this.listeners.get(message.id);
    if (message.is === "fault") {
      listener?.queue.end(new HostError(`cannot accept on vsock port ${listener.port}: ${nameOf(message.errno)}`));
      return;
    }
    // The port is open to every guest of this host; only ours is meant.
    if (!listener || message.cid !== this.cid) libc().close(message.fd);
    else listener.queue.offer(this.join(message.fd, listener.port));
  }

  private join(fd: number, port: number): Socket {
    const socket = adoptSocket(fd);
    this.streams.set(socket, port);
    socket.once("close", () => this.streams.delete(socket));
    // As for every stream of ours: its errors end no process when nobody listens.
    socket.on("error", () => {});
    return socket;
  }

  private endAll(reason: HostError): void {
    for (const failed of this.attempts.values()) failed(ECONNRESET);
    for (const stream of this.streams.keys()) stream.destroy(reason);
    for (const { queue } of this.listeners.values()) queue.end(reason);
  }
}

function makeSocket(): number {
  const fd = libc().socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new HostError(`this host's kernel has no AF_VSOCK: ${nameOf(errno())}`);
  return fd;
}

/** struct sockaddr_vm: family, reserved, port, cid, flags (vsock(7)). */
function vsockAddress(cid: number, port: number): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_VSOCK, 0);
  bytes.writeUInt32LE(port, 4);
  bytes.writeUInt32LE(cid, 8);
  return bytes;
}

/** Linux says ECONNRESET where nobody listens: the device's only refusal is a reset (virtio 1.2, §5.10.6.5). */
function connectError(error: number, port: number, cid: number): Error {
  if (error === ECONNRESET || error === ECONNREFUSED) {
    return new VsockError("ECONNREFUSED", port, `nobody in the guest listens on port ${port}`);
  }
  if (error === ETIMEDOUT) return new VsockError("ETIMEDOUT", port, `CID ${cid} did not answer`);
  if (error === ENODEV) return new VsockError("ECONNRESET", port, `no guest on this host has CID ${cid}`);
  return new HostError(`cannot connect to port ${port} of CID ${cid}: ${nameOf(error)}`);
}

function nameOf(error: number): string {
  return getSystemErrorName(-error);
}
