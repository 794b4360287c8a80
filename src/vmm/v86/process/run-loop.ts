import type { GuestClock } from "./guest-clock.ts";

/**
 * Runs the guest slice by slice, between turns of the event loop, for as long as nothing holds it. Each holder has a
 * name, so that a full console does not undo a pause, nor the other way round. The guest's clock stands still meanwhile.
 */
export class RunLoop {
  readonly #slice: () => number | undefined;
  readonly #clock: GuestClock;
  readonly #holds: Set<string>;
  #isInSlice = false;
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;

  /**
   * Starts held by `holder`. `slice` gives the milliseconds until the guest wants to run again; undefined is never,
   * unless woken.
   */
  constructor(slice: () => number | undefined, clock: GuestClock, holder: string) {
    this.#slice = slice;
    this.#clock = clock;
    this.#holds = new Set([holder]);
  }

  get isHeld(): boolean {
    return this.#holds.size > 0;
  }

  /** No slice runs from now on until `release` with the same name. */
  hold(name: string): void {
    this.#holds.add(name);
    // Within a slice the clock goes on: v86 ends the slice by it.
    if (!this.#isInSlice) this.#clock.hold();
    this.#cancel();
  }

  release(name: string): void {
    if (!this.#holds.delete(name) || this.isHeld) return;
    this.#clock.release();
    this.wake();
  }

  /** Ends the guest's idling: an interrupt is waiting for it. */
  wake(): void {
    if (this.isHeld || this.#soon) return;
    this.#cancel();
    this.#soon = setImmediate(this.#tick);
  }

  readonly #tick = () => {
    this.#cancel();
    this.#isInSlice = true;
    const idleMs = this.#slice();
    this.#isInSlice = false;
    if (this.isHeld) this.#clock.hold();
    if (this.isHeld || this.#soon || idleMs === undefined) return;
    if (idleMs < 1) this.#soon = setImmediate(this.#tick);
    else this.#later = setTimeout(this.#tick, idleMs);
  };

  #cancel(): void {
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
    this.#soon = undefined;
    this.#later = undefined;
  }
}
