import { createSocket } from "node:dgram";
import { createServer } from "node:net";

export interface HostPort {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
}

/** Why nobody could listen there now, in words; undefined if somebody could. */
export async function listenObstacle({ protocol, address, port }: HostPort): Promise<string | undefined> {
  try {
    await (protocol === "tcp" ? tryTcp(address, port) : tryUdp(address, port));
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") return "is in use: stop what uses it, or choose another";
    if (code === "EADDRNOTAVAIL") return "is on no network card of this host: write 127.0.0.1, or 0.0.0.0 for all";
    if (code === "EACCES") return "is not for this user: choose a port from 1024 on";
    return `cannot be listened on: ${message}`;
  }
}

function tryTcp(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}

function tryUdp(address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.once("error", (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve()));
  });
}
