import { type ConnectOptions, defaultConnectMs, VsockError } from "./vsock.ts";

/**
 * Waits for a connection to be made, as long as the caller's options say. `start` gets what settles it; what it returns
 * undoes the attempt, if nobody waits any more.
 */
export function connecting<T>(
  port: number,
  { timeoutMs = defaultConnectMs, signal }: ConnectOptions,
  silence: () => string,
  start: (resolve: (value: T) => void, reject: (reason: Error) => void) => () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error); // an AbortSignal's reason is what its owner gave
    const giveUp = (reason: unknown) => {
      settle();
      undo();
      reject(reason);
    };
    const onAbort = () => giveUp(signal?.reason);
    const expire = () => giveUp(new VsockError("ETIMEDOUT", port, `${silence()} within ${timeoutMs / 1000} s`));
    const timer = timeoutMs < 2 ** 31 ? setTimeout(expire, timeoutMs) : undefined;
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    signal?.addEventListener("abort", onAbort);
    const undo = start(
      (value) => {
        settle();
        resolve(value);
      },
      (reason) => {
        settle();
        reject(reason);
      },
    );
  });
}
