import koffi from "koffi";

// poll(2). The kernel reports these two without being asked for them.
const POLLERR = 0x8;
const POLLHUP = 0x10;
const lookEveryMs = 100;

type Poll = (fds: Buffer, count: number, timeoutMs: number) => number;
let poll: Poll | undefined;

/** Whether nobody reads what is written into this pipe or socket any more. False where that cannot be told. */
export function isPipeClosed(fd: number): boolean {
  poll ??= koffi.load(libc()).func("int poll(_Inout_ uint8_t *fds, unsigned long count, int timeoutMs)") as Poll;
  // struct pollfd: int fd, short events, short revents.
  const entry = Buffer.alloc(8);
  entry.writeInt32LE(fd);
  return poll(entry, 1, 0) > 0 && (entry.readInt16LE(6) & (POLLERR | POLLHUP)) !== 0;
}

/**
 * Calls back once the reader of a pipe has left: libuv tells only when something is written, and a guest may be silent
 * for long. Returns what ends the watch.
 */
export function onPipeClosed(fd: number, listener: () => void): () => void {
  if (process.platform === "win32") return () => {};
  const timer = setInterval(() => {
    if (!isPipeClosed(fd)) return;
    clearInterval(timer);
    listener();
  }, lookEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

function libc(): string {
  return process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6";
}
