import { createServer, type Server, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { HostError } from "../machine/errors.ts";
import { listenOn } from "./relay.ts";

/**
 * The host's end of a virtio-serial port: a Unix socket that the VMM connects to. It stays connected while guests come
 * and go, so what uses it does so for a while and leaves it.
 */
export class PortSocket {
  private readonly server: Server;
  private socket: Socket | undefined;
  private user: Duplex | undefined;

  private constructor(server: Server) {
    this.server = server;
    server.once("connection", (socket) => {
      server.close();
      this.socket = socket;
      socket.on("error", () => {});
      socket.on("close", () => this.user?.destroy(new HostError("the VMM closed the port")));
      // What nobody asked for is not kept: a guest that writes is not held up.
      socket.on("data", (bytes: Buffer) => {
        if (this.user && !this.user.push(bytes)) socket.pause();
      });
    });
  }

  /** Resolves when the VMM may connect. Rejects with HostError. */
  static async open(path: string, name: string): Promise<PortSocket> {
    const server = createServer();
    const port = new PortSocket(server);
    await listenOn(server, { path }, `port ${name}`);
    server.unref();
    return port;
  }

  /** The port's bytes from now on. Whoever used it before is told that it has another user now. */
  use(): Duplex {
    const { socket } = this;
    if (!socket || socket.destroyed) throw new HostError("the VMM has not connected the port");
    this.user?.destroy(new HostError("the port has another user now"));
    const user: Duplex = new Duplex({
      read: () => void socket.resume(),
      write: (chunk: Buffer, _, done) => void socket.write(chunk, done),
      destroy: (error, done) => {
        if (this.user === user) this.user = undefined;
        socket.resume();
        done(error);
      },
    });
    user.on("error", () => {});
    this.user = user;
    return user;
  }

  /** Idempotent. */
  close(): void {
    this.server.close();
    this.socket?.destroy();
  }
}
