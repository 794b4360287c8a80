/** A countdown in the guest's time, which stands still while the guest is held. */
export class Countdown {
  readonly #now: () => number;
  #endsAt: number | undefined;

  /** `now` is the guest's time in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Anew, from now. */
  start(ms: number): void {
    this.#endsAt = this.#now() + ms;
  }

  stop(): void {
    this.#endsAt = undefined;
  }

  /** Milliseconds until its end, 0 when it is over; undefined while it does not run. */
  get msLeft(): number | undefined {
    return this.#endsAt === undefined ? undefined : Math.max(0, this.#endsAt - this.#now());
  }
}
