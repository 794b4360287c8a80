import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { UsageError } from "../machine/errors.ts";
import { joinStreams } from "./join-streams.ts";
import { claimSocketPath, listenOn } from "./relay.ts";

/** Where on the host to listen: a TCP port of an address, any free one of 127.0.0.1 if absent; or a Unix socket. */
export interface ForwardAddress {
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
}

/** What others on the host connect to. */
export interface Listening {
  readonly host: string;
  /** 0 for a Unix socket. */
  readonly port: number;
  readonly path?: string;
}

/** Joins every connection to a stream of its own, which `open` makes. What cannot be opened ends its connection. */
export class Forwarder {
  readonly at: Listening;
  private readonly server: Server;
  private readonly clients: ReadonlySet<Socket>;

  private constructor(server: Server, clients: ReadonlySet<Socket>, at: Listening) {
    this.server = server;
    this.clients = clients;
    this.at = at;
  }

  /** Rejects with HostError where the address is in use, UsageError where it is none. */
  static async open(
    { host = "127.0.0.1", port = 0, path }: ForwardAddress,
    open: () => Promise<Duplex>,
    onRefused: (error: Error) => void,
  ): Promise<Forwarder> {
    if (path === undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536)) {
      throw new UsageError(`forward: ${port} is no port of the host: write a number from 1 to 65535, or leave it out`);
    }
    const clients = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (client) => {
      clients.add(client);
      client.once("close", () => clients.delete(client)).on("error", () => {});
      open().then(
        (guest) => joinStreams(client, guest),
        (error: Error) => {
          client.resetAndDestroy();
          onRefused(error);
        },
      );
    });
    if (path !== undefined) await claimSocketPath(path, "forward");
    await listenOn(server, path === undefined ? { host, port } : { path }, "forward");
    // It must not keep a program alive that has forgotten it.
    server.unref();
    const bound = server.address();
    return new Forwarder(
      server,
      clients,
      typeof bound === "object" && bound ? { host, port: bound.port } : { host: "", port: 0, ...(path && { path }) },
    );
  }

  /** Idempotent. */
  close(): void {
    this.server.close();
    for (const client of this.clients) client.destroy();
  }
}
