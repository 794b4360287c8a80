import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { HostError, UsageError } from "../../machine/errors.ts";
import { AcceptQueue } from "./accept-queue.ts";
import { connecting } from "./connecting.ts";
import { NoLine, readLine } from "./hybrid-line.ts";
import { type ConnectOptions, type VsockChannel, VsockError, type VsockListener } from "./vsock.ts";

/**
 * The Unix sockets of OpenVMM, Firecracker and Cloud Hypervisor: `CONNECT PORT` and a newline, answered by `OK N`; a
 * refusal is the silent end of the connection. For the guest's connections the VMM connects to `PATH_PORT`.
 */
export class HybridChannel implements VsockChannel {
  readonly transport = "hybrid";
  private readonly path: string;
  private readonly streams = new Set<Socket>();
  private readonly listeners = new Map<number, { readonly queue: AcceptQueue; readonly server: Server }>();
  private isClosed = false;

  constructor(path: string) {
    this.path = path;
  }

  async connect(port: number, options: ConnectOptions = {}): Promise<Duplex> {
    this.check();
    const silence = () => `nothing answered on ${this.path}`;
    return await connecting<Duplex>(port, options, silence, (resolve, reject) => {
      // Said at once: a client that says nothing holds up all others of OpenVMM's.
      const socket = connect({ path: this.path, allowHalfOpen: true }, () => socket.write(`CONNECT ${port}\n`));
      const failed = (error: Error) =>
        reject(
          new HostError(`the VMM's vsock socket ${this.path} cannot be reached: ${error.message}`, { cause: error }),
        );
      socket.once("error", failed);
      this.answered(socket, port).then(
        () => {
          socket.off("error", failed);
          resolve(socket);
        },
        (error) => {
          socket.destroy();
          reject(error);
        },
      );
      return () => socket.destroy();
    });
  }

  async listen(port: number): Promise<VsockListener> {
    this.check();
    if (this.listeners.has(port))
      throw new UsageError(`vsock port ${port} is listened on already: close that listener`);
    const path = `${this.path}_${port}`;
    const queue = new AcceptQueue(port, () => {
      this.listeners.delete(port);
      return new Promise((resolve) => server.close(() => resolve()));
    });
    const server = createServer({ allowHalfOpen: true }, (socket) => queue.offer(this.keep(socket)));
    this.listeners.set(port, { queue, server });
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(path, resolve);
      });
    } catch (error) {
      this.listeners.delete(port);
      throw new HostError(
        `cannot listen on ${path}, where the VMM connects for vsock port ${port}: ${(error as Error).message}`,
        {
          cause: error,
        },
      );
    }
    return queue;
  }

  /** Nothing to do: the VMM knows of its guest's end, and closes what it had. */
  reset(): void {}

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    const reason = new HostError("the VM was ended");
    for (const { queue, server } of this.listeners.values()) {
      queue.end(reason);
      server.close();
    }
    for (const port of this.listeners.keys()) rmSync(`${this.path}_${port}`, { force: true });
    this.listeners.clear();
    for (const socket of this.streams) socket.destroy(reason);
  }

  private check(): void {
    if (this.isClosed) throw new UsageError("the VM was ended: it has no vsock any more");
  }

  /** Resolves when the VMM has joined the connection to its guest's. Rejects with VsockError. */
  private async answered(socket: Socket, port: number): Promise<void> {
    this.keep(socket);
    try {
      const answer = await readLine(socket);
      if (!/^OK \d{1,20}$/.test(answer)) throw new NoLine("too-long", JSON.stringify(answer));
    } catch (error) {
      if (!(error instanceof NoLine)) throw error;
      if (error.kind !== "ended") throw new VsockError("ECONNRESET", port, `the VMM answered ${error.message}, not OK`);
      throw new VsockError("ECONNREFUSED", port, "the VMM closed it: nobody in the guest listens, or it has no driver");
    }
  }

  private keep(socket: Socket): Socket {
    this.streams.add(socket);
    socket.once("close", () => this.streams.delete(socket));
    // As for every stream of ours: its errors end no process when nobody listens.
    socket.on("error", () => {});
    return socket;
  }
}
