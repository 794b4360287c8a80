import { Credit } from "./credit.ts";
import type { Segment } from "./guest-memory.ts";
import { EAGAIN, errno, libc, POLLIN, POLLOUT, SHUT_RD, SHUT_WR, sendAt, sendBytes } from "./libc.ts";
import { copyFrom } from "./ring.ts";

/**
 * One connection: packets on the guest's side, a Unix socket on ours. What the guest sends waits here only while that
 * socket is full, and its credit bounds how much that can be.
 */
export class Stream {
  readonly id: number;
  readonly hostPort: number;
  readonly guestPort: number;
  readonly credit = new Credit();
  /** Our end of the socket whose other end is a Duplex; -1 once closed. */
  fd: number;
  /** `requested` until the guest answers; `closing` when only its last word is waited for. */
  state: "requested" | "open" | "closing" = "requested";
  /** The far end of `fd` is another program's. */
  isForeign = false;
  /** The guest has seen our REQUEST. */
  isAsked = false;
  closingSince = 0;
  /** The socket may have something to read. */
  isReadable = false;
  /** It will have nothing more. */
  hostEnded = false;
  guestSends = true;
  guestReceives = true;
  owesUpdate = false;
  hasAskedForCredit = false;
  private readonly pending: Uint8Array[] = [];

  constructor(id: number, hostPort: number, guestPort: number, fd: number) {
    this.id = id;
    this.hostPort = hostPort;
    this.guestPort = guestPort;
    this.fd = fd;
  }

  get hasPending(): boolean {
    return this.pending.length > 0;
  }

  /** Bytes of the guest's that its reader has yet to take. */
  get pendingBytes(): number {
    return this.pending.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** What to poll the socket for; undefined for nothing, not even its end. */
  interest(guestHasRoom: boolean): number | undefined {
    if (this.fd < 0 || this.state === "requested") return undefined;
    const out = this.hasPending ? POLLOUT : 0;
    if (this.hostEnded) return out;
    const wantsIn = guestHasRoom && this.credit.room > 0 && !this.isReadable;
    return wantsIn ? POLLIN | out : out || undefined;
  }

  /** Hands over what the guest sent. False if nobody is there to take it. */
  deliver(payload: readonly Segment[], length: number): boolean {
    let done = 0;
    if (!this.hasPending) {
      for (const { at, length: size } of payload) {
        const sent = sendAt(this.fd, at, size);
        if (sent < 0 && errno() !== EAGAIN) return false;
        done += Math.max(0, sent);
        if (sent < size) break;
      }
    }
    this.credit.take(done);
    if (done < length) this.pending.push(copyRest(payload, done, length));
    return true;
  }

  /** Goes on with what is pending. False if nobody is there to take it. */
  flush(): boolean {
    for (let first = this.pending[0]; first; first = this.pending[0]) {
      const sent = sendBytes(this.fd, first);
      if (sent < 0) return errno() === EAGAIN;
      this.credit.take(sent);
      if (sent < first.length) {
        this.pending[0] = first.subarray(sent);
        return true;
      }
      this.pending.shift();
    }
    return true;
  }

  /** The guest will send nothing more, and all it sent has been handed over. */
  endTowardsHost(): void {
    libc().shutdown(this.fd, SHUT_WR);
  }

  /** The guest takes nothing more: whoever writes on is told by EPIPE. */
  endFromHost(): void {
    this.hostEnded = true;
    this.isReadable = false;
    libc().shutdown(this.fd, SHUT_RD);
  }

  close(): void {
    if (this.fd >= 0) libc().close(this.fd);
    this.fd = -1;
    this.hostEnded = true;
    this.isReadable = false;
    this.pending.length = 0;
  }
}

function copyRest(payload: readonly Segment[], skip: number, length: number): Uint8Array {
  const all = new Uint8Array(length);
  copyFrom(payload, all, length);
  return all.subarray(skip);
}
