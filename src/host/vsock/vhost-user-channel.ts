import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { HostError, UsageError } from "../../machine/errors.ts";
import { AcceptQueue } from "./accept-queue.ts";
import { connecting } from "./connecting.ts";
import { libc, socketPair } from "./libc.ts";
import { PollingThread } from "./polling-thread.ts";
import type { DevicePlan, FromDevice, ToDevice } from "./thread-messages.ts";
import { type ConnectOptions, type VsockChannel, VsockError, type VsockListener } from "./vsock.ts";

interface Listening {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Attempt {
  readonly port: number;
  readonly connected: () => void;
  readonly failed: (error: Error) => void;
}

export interface ChannelWatcher {
  /** Something worth a line in the record: a guest that broke the protocol. */
  readonly onNote: (text: string) => void;
  /** The device is of no use any more. */
  readonly onFault: (error: HostError) => void;
}

/** The vsock device of one VM, which is Petri's own: a thread that the VMM talks to as vhost-user. */
export class VhostUserChannel implements VsockChannel {
  readonly transport = "vhost-user";
  private readonly thread: PollingThread<ToDevice, FromDevice>;
  private readonly watcher: ChannelWatcher;
  private readonly attempts = new Map<number, Attempt>();
  private readonly streams = new Map<number, { readonly port: number; readonly socket: Socket }>();
  private readonly listeners = new Map<number, AcceptQueue>();
  private readonly listening = new Map<number, Listening>();
  private nextId = 1;
  private driverRuns = false;
  private fault: HostError | undefined;
  private isClosing = false;
  private sayListening: () => void = () => {};
  private sayFailed: (error: Error) => void = () => {};

  private constructor(plan: DevicePlan, watcher: ChannelWatcher) {
    this.watcher = watcher;
    this.thread = new PollingThread("petri-vsock", "./device-thread", plan, {
      onMessage: (message) => this.take(message),
      onDeath: (cause) => this.fail(cause),
    });
  }

  /** Resolves when a VMM may connect to the plan's path. Rejects with HostError. */
  static async open(plan: DevicePlan, watcher: ChannelWatcher): Promise<VhostUserChannel> {
    const channel = new VhostUserChannel(plan, watcher);
    await new Promise<void>((resolve, reject) => {
      channel.sayListening = resolve;
      channel.sayFailed = reject;
    });
    return channel;
  }

  async connect(port: number, options: ConnectOptions = {}): Promise<Duplex> {
    this.check();
    const id = this.nextId++;
    const [near, far] = socketPair();
    const silence = () => (this.driverRuns ? "the guest did not answer" : "the guest's vsock driver did not start");
    try {
      return await connecting<Socket>(port, options, silence, (resolve, failed) => {
        this.attempts.set(id, { port, failed, connected: () => resolve(this.join(id, port, near)) });
        this.thread.post({ op: "connect", id, port, fd: far });
        return () => this.thread.post({ op: "forget", id });
      });
    } catch (error) {
      libc().close(near);
      throw error;
    } finally {
      this.attempts.delete(id);
    }
  }

  async listen(port: number): Promise<VsockListener> {
    this.check();
    if (this.listeners.has(port))
      throw new UsageError(`vsock port ${port} is listened on already: close that listener`);
    const queue = new AcceptQueue(port, () => {
      this.listeners.delete(port);
      this.thread.post({ op: "unlisten", port });
    });
    this.listeners.set(port, queue);
    await new Promise<void>((resolve, reject) => {
      this.listening.set(port, { resolve, reject });
      this.thread.post({ op: "listen", port });
    });
    this.listening.delete(port);
    return queue;
  }

  reset(why: string): void {
    this.thread.post({ op: "reset", why });
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

  private take(message: FromDevice): void {
    switch (message.is) {
      case "listening":
        return this.sayListening();
      case "listens":
        return this.listening.get(message.port)?.resolve();
      case "connected":
        return this.attempts.get(message.id)?.connected();
      case "refused": {
        const attempt = this.attempts.get(message.id);
        return attempt?.failed(new VsockError(message.code, attempt.port, message.why));
      }
      case "accepted":
        return this.accepted(message);
      case "reset":
        return this.ended(message.id, message.why);
      case "driver":
        this.driverRuns = message.runs;
        return;
      case "bad-guest":
        return this.watcher.onNote(message.why);
      case "fault":
        return this.fail(new Error(message.why));
    }
  }

  private accepted({ id, port, fd }: Extract<FromDevice, { is: "accepted" }>): void {
    const stream = this.join(id, port, fd);
    const queue = this.listeners.get(port);
    if (queue) queue.offer(stream);
    else stream.destroy();
  }

  private ended(id: number, why: string): void {
    const stream = this.streams.get(id);
    stream?.socket.destroy(new VsockError("ECONNRESET", stream.port, why));
    this.thread.post({ op: "forget", id });
  }

  private join(id: number, port: number, fd: number): Socket {
    const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    this.streams.set(id, { port, socket });
    // Whoever reads or writes is told by its own call. An error that comes while nobody listens, such as at the VM's end,
    // must not end the process.
    socket.on("error", () => {});
    socket.once("close", () => this.streams.delete(id));
    return socket;
  }

  private fail(cause: Error): void {
    if (this.fault) return;
    const fault = new HostError(`Petri's vsock device failed: ${cause.message}`, { cause });
    this.sayFailed(fault);
    this.endAll(fault);
    this.fault = fault;
    void this.thread.close();
    if (!this.isClosing) this.watcher.onFault(this.fault);
  }

  private endAll(reason: HostError): void {
    for (const { failed } of this.attempts.values()) failed(reason);
    for (const { reject } of this.listening.values()) reject(reason);
    for (const { socket } of this.streams.values()) socket.destroy(reason);
    for (const queue of this.listeners.values()) queue.end(reason);
    this.listeners.clear();
  }
}
