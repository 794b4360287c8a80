import { connect, type Socket } from "node:net";
import { type LineName, lineNames, type Options } from "./argv.ts";

export interface Sockets {
  readonly consoles: readonly (readonly [LineName, Socket])[];
  readonly control: Socket;
}

/** Connects to the harness. The control socket comes last: once it is there, the harness has every console. */
export async function connectAll(options: Options): Promise<Sockets> {
  const wanted = lineNames.flatMap((name) => {
    const path = options.consoles[name];
    return path === undefined ? [] : [{ name, path }];
  });
  const consoles = await Promise.all(
    wanted.map(async ({ name, path }) => [name, await connectTo(name, path)] as const),
  );
  return { consoles, control: await connectTo("control", options.control) };
}

function connectTo(name: string, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    const refused = (error: Error) => reject(new Error(`--${name}: cannot connect to unix:${path}: ${error.message}`));
    socket.once("error", refused);
    socket.once("connect", () => {
      socket.off("error", refused);
      resolve(socket);
    });
  });
}
