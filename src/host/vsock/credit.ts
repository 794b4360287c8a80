/** Bytes of one stream that wait here, at most, when nobody reads them. */
export const bufferBytes = 256 * 1024;

/** The guest is told of new room when this much came free: seldom enough to cost little, early enough not to stall it. */
const worthTelling = bufferBytes / 4;

/** Both directions' flow control of one stream (virtio 1.2, §5.10.6.3). All counts are modulo 2^32. */
export class Credit {
  private peerAlloc = 0;
  private peerTaken = 0;
  private sent = 0;
  private received = 0;
  private taken = 0;
  private told = 0;

  /** Takes the room that a packet's header tells of. False if it claims to have read what was never sent. */
  hear(bufAlloc: number, fwdCnt: number): boolean {
    const inFlight = distance(fwdCnt, this.sent);
    if (inFlight > distance(this.peerTaken, this.sent)) {
      // Senders may overtake each other, so an older count is no news; one beyond all that was sent is a lie.
      if (distance(this.sent, fwdCnt) < 2 ** 31) return false;
    } else {
      this.peerTaken = fwdCnt;
    }
    this.peerAlloc = bufAlloc;
    return true;
  }

  /** Bytes that the guest has room for. */
  get room(): number {
    return Math.max(0, this.peerAlloc - distance(this.peerTaken, this.sent));
  }

  spend(bytes: number): void {
    this.sent = (this.sent + bytes) >>> 0;
  }

  /** Counts what came. False if it is more than the guest had been told it may send. */
  admit(bytes: number): boolean {
    if (distance(this.taken, this.received) + bytes > bufferBytes) return false;
    this.received = (this.received + bytes) >>> 0;
    return true;
  }

  /** Counts what was passed on. */
  take(bytes: number): void {
    this.taken = (this.taken + bytes) >>> 0;
  }

  get isWorthTelling(): boolean {
    return distance(this.told, this.taken) >= worthTelling;
  }

  /** What our next header says. */
  tell(): { readonly bufAlloc: number; readonly fwdCnt: number } {
    this.told = this.taken;
    return { bufAlloc: bufferBytes, fwdCnt: this.taken };
  }
}

function distance(from: number, to: number): number {
  return (to - from) >>> 0;
}
