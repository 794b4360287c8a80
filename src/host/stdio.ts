import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createConnection, type Socket } from "node:net";

/**
 * The VMM's end of a recorded console, held open for as long as the VM lives: processes that follow each other have it
 * as standard input and output, and the recorder sees one console from the first of them to the last.
 */
export interface Stdio {
  readonly input: number | Socket;
  readonly output: number | Socket;
  close(): void;
}

/** Opens what the recorder listens on at that path. Rejects with the system's error if it does not. */
export async function openStdio(path: string, kind: "fifo" | "socket"): Promise<Stdio> {
  if (kind === "fifo") {
    // The recorder holds the other ends, so neither call waits.
    const [input, output] = [openSync(`${path}.in`, "r"), openSync(`${path}.out`, "w")];
    return { input, output, close: () => [input, output].forEach(closeSync) };
  }
  // Paused from the start: what comes in is for the processes to read, not for us.
  const socket = createConnection(path).pause();
  await once(socket, "connect");
  return { input: socket, output: socket, close: () => void socket.destroy() };
}
