import { createServer, type Server, type Socket } from "node:net";
import { joinStreams } from "../join-streams.ts";
import { claimSocketPath, listenOn } from "../relay.ts";
import { readLine } from "./hybrid-line.ts";
import type { VsockChannel } from "./vsock.ts";

/** How long a program may take to say which port it wants; after that it is not waited for. */
const handshakeMs = 2_000;
const option = "vsock.path";

/** Ports as OpenVMM takes them: a number, or Hyper-V's service GUID for one. */
const connectRequest = /^CONNECT (?:(\d{1,10})|([0-9a-f]{8})-facb-11e6-bd58-64006a7986d3)$/i;

/**
 * A guest's ports for other programs of the host, as OpenVMM, Firecracker and Cloud Hypervisor offer them: connect, say
 * `CONNECT PORT`, and `OK N` comes before the stream does. Whatever is wrong ends the connection without a word.
 */
export class HybridServer {
  private readonly channel: VsockChannel;
  private readonly server: Server;
  private readonly clients = new Set<Socket>();
  private connections = 0;

  private constructor(channel: VsockChannel) {
    this.channel = channel;
    this.server = createServer({ allowHalfOpen: true }, (client) => void this.serve(client));
  }

  /** Resolves when programs may connect. Rejects with HostError or UsageError where nobody can listen. */
  static async open(path: string, channel: VsockChannel): Promise<HybridServer> {
    await claimSocketPath(path, option);
    const server = new HybridServer(channel);
    await listenOn(server.server, { path }, option);
    server.server.unref();
    return server;
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async serve(client: Socket): Promise<void> {
    this.clients.add(client);
    client.once("close", () => this.clients.delete(client)).on("error", () => {});
    try {
      const said = await readLine(client, handshakeMs);
      const [, number, hex] = connectRequest.exec(said) ?? [];
      const port = number === undefined ? Number.parseInt(hex ?? "", 16) : Number(number);
      if (!(port < 2 ** 32 - 1)) return void client.destroy();
      const guest = await this.channel.connect(port);
      client.write(`OK ${++this.connections}\n`);
      joinStreams(client, guest);
    } catch {
      client.destroy();
    }
  }
}
