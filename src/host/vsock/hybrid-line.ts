import type { Socket } from "node:net";

/** The longest line of the hybrid protocol: `CONNECT`, a GUID and a newline. */
const mostBytes = 45;

/** Why no line came from the other end. */
export class NoLine extends Error {
  readonly kind: "ended" | "too-long" | "late";

  constructor(kind: NoLine["kind"], what: string) {
    super(what);
    this.kind = kind;
  }
}

/** The first line of a connection, without its newline; what follows stays for its reader. Rejects with NoLine. */
export function readLine(socket: Socket, timeoutMs?: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => fail("late", "no line came"), timeoutMs);
    const stop = () => {
      clearTimeout(timer);
      socket.off("readable", look).off("end", onEnd).off("close", onEnd);
    };
    const fail = (kind: NoLine["kind"], what: string) => {
      stop();
      reject(new NoLine(kind, what));
    };
    const onEnd = () => fail("ended", "the connection ended");
    const look = () => {
      const chunk = socket.read() as Buffer | null; // no encoding is set
      if (chunk === null) return;
      const end = chunk.subarray(0, mostBytes).indexOf("\n");
      if (end < 0 && chunk.length >= mostBytes) {
        return fail("too-long", JSON.stringify(chunk.subarray(0, mostBytes).toString("latin1")));
      }
      const rest = chunk.subarray(end + 1);
      if (end >= 0) stop();
      if (rest.length > 0) socket.unshift(rest);
      if (end >= 0) resolve(chunk.subarray(0, end).toString("latin1"));
    };
    socket.on("readable", look).on("end", onEnd).on("close", onEnd);
  });
}
