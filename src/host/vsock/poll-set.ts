import { HostError } from "../../machine/errors.ts";
import { EINTR, errno, libc } from "./libc.ts";

/** sizeof(struct pollfd): int fd, short events, short revents (poll(2)). */
const entryBytes = 8;
const POLLNVAL = 0x20;
/** The longest sleep: of a thread whose owner cannot tell it to close, such as a worker that is terminated. */
const longestMs = 1_000;

/** What one thread waits for, and what it does when that comes. */
export class PollSet {
  private bytes = new Uint8Array(64 * entryBytes);
  private view = new DataView(this.bytes.buffer);
  private readonly actions: ((events: number) => void)[] = [];

  clear(): void {
    this.actions.length = 0;
  }

  add(fd: number, events: number, action: (events: number) => void): void {
    const at = this.actions.length * entryBytes;
    if (at === this.bytes.length) this.grow();
    this.view.setInt32(at, fd, true);
    this.view.setInt16(at + 4, events, true);
    this.view.setInt16(at + 6, 0, true);
    this.actions.push(action);
  }

  /** Waits that long at most (milliseconds), and never for ever, then runs the actions of what is ready. */
  wait(timeoutMs: number = longestMs): void {
    const ready = libc().poll(this.bytes, this.actions.length, Math.ceil(Math.min(timeoutMs, longestMs)));
    if (ready < 0 && errno() !== EINTR) throw new HostError(`poll(2) failed with errno ${errno()}`);
    if (ready <= 0) return;
    for (const [index, action] of [...this.actions.entries()]) {
      const events = this.view.getInt16(index * entryBytes + 6, true);
      if ((events & POLLNVAL) !== 0) throw new HostError("a descriptor of the vsock thread was closed by others");
      if (events !== 0) action(events);
    }
  }

  private grow(): void {
    const bytes = new Uint8Array(this.bytes.length * 2);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}
