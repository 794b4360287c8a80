/** A time that the guest printed, and how far behind it the host's clock was then, at the most. */
interface Reading {
  readonly guest: number;
  /** The arrival's offset, turned so that a clock that is fast by `fastest` keeps it. */
  readonly turned: number;
}

/**
 * A guest's clock is taken to gain on the host's by no more than this. Losing is nothing special: under emulation ticks
 * are lost until the kernel has found a better clock, some 0.5 s in the first two of Debian's on QEMU/TCG.
 */
const fastest = 0.01;
/** Readings that are kept. */
const mostReadings = 4096;

/**
 * Puts the times that one boot's kernel prints on the host's clock. A message arrives when it was said, or later: the
 * console was not there yet, the line is slow, the host was busy. How late is not known, but messages that follow tell
 * as well: what was said before the clock showed 7 was said before the message of 7 arrived. So the offset is the least
 * one of all arrivals from that time on, the lower envelope of a clock that may lose but hardly gain.
 *
 * For every time that was added the answer is never before it was said (while the guest's clock gains no more than 1 %),
 * nor after it arrived; and answers are in the order of their times.
 */
export class GuestClock {
  /** In order of `guest` and of `turned`: each is the least of all from there on. */
  #readings: Reading[] = [];
  /** Readings closer than this to the next were let go: answers may be so much later. */
  #grain = 1e-6;
  #latest = 0;
  #count = 0;

  /** Takes a time and its arrival, in seconds. Kernels print 0 until their clock runs: that, and going back, tells nothing. */
  add(guestSeconds: number, hostSeconds: number): void {
    if (guestSeconds <= 0 || guestSeconds < this.#latest) return;
    this.#latest = guestSeconds;
    this.#count += 1;
    const turned = hostSeconds - guestSeconds + fastest * guestSeconds;
    while ((this.#readings.at(-1)?.turned ?? Number.NEGATIVE_INFINITY) >= turned) this.#readings.pop();
    this.#readings.push({ guest: guestSeconds, turned });
    if (this.#readings.length <= mostReadings) return;
    for (this.#thin(); this.#readings.length > mostReadings / 2; this.#thin()) this.#grain *= 2;
  }

  #thin(): void {
    let kept = Number.POSITIVE_INFINITY;
    const thinned = this.#readings.reverse().filter(({ turned }) => {
      const isKept = kept - turned >= this.#grain;
      if (isKept) kept = turned;
      return isKept;
    });
    this.#readings = thinned.reverse();
  }

  /** How many times it rests on. */
  get count(): number {
    return this.#count;
  }

  /** When the guest's clock showed this, in seconds on the host's clock; undefined while nothing is known. */
  hostTimeOf(guestSeconds: number): number | undefined {
    const reading = this.#readings[this.#firstFrom(guestSeconds)];
    if (reading) return guestSeconds + reading.turned - fastest * guestSeconds;
    const last = this.#readings.at(-1);
    return last && guestSeconds + last.turned - fastest * last.guest;
  }

  /** The index of the first reading at or after this time. */
  #firstFrom(guestSeconds: number): number {
    let [low, high] = [0, this.#readings.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#readings[middle]?.guest ?? 0) < guestSeconds) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
