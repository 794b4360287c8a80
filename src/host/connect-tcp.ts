import { connect, type Socket } from "node:net";

/** Rejects with the system's error, or the signal's reason. */
export function connectTcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // What is sent is small and waits for its answer (tcp(7), TCP_NODELAY).
    const socket = connect({ host, port, noDelay: true });
    const fail = (error: unknown) => {
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(signal.reason);
    const settle = () => {
      signal.removeEventListener("abort", abort);
      socket.off("error", fail);
    };
    socket.once("connect", () => {
      settle();
      resolve(socket);
    });
    socket.once("error", (error) => {
      settle();
      reject(error);
    });
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
}
