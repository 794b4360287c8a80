import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import koffi from "koffi";
import { HostError } from "../machine/errors.ts";

// flock(2); the numbers are the same on Linux, macOS and the BSDs.
const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK = { linux: 11, darwin: 35, freebsd: 35, openbsd: 35 }[process.platform as string] ?? 11;

let flock: ((fd: number, operation: number) => number) | undefined;

/** Tries to lock the open file; false if another open file description holds it. The kernel frees it on death. */
function tryLock(fd: number): boolean {
  flock ??= koffi
    .load(process.platform === "darwin" ? "libSystem.dylib" : process.platform === "linux" ? "libc.so.6" : "libc.so")
    .func("int flock(int fd, int operation)");
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  if (koffi.errno() === EWOULDBLOCK) return false;
  throw new HostError(`flock(2) failed with errno ${koffi.errno()}`);
}

/**
 * Runs `body` while holding an exclusive lock on the file at `path` (made if absent, never removed: removing a lock
 * file lets two holders in). Other processes' locks are waited for.
 */
export async function withFileLock<T>(
  path: string,
  body: () => Promise<T>,
  options: { signal?: AbortSignal } = {},
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  const fd = openSync(path, "a");
  try {
    await locked(fd, options.signal);
    return await body();
  } finally {
    closeSync(fd);
  }
}

// A blocking flock on libuv's pool would pin one of its four threads for as long as a build takes, so the lock is
// polled: its condition is the other holder's end, which flock can tell but not announce.
async function locked(fd: number, signal: AbortSignal | undefined): Promise<void> {
  while (!tryLock(fd)) {
    signal?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
