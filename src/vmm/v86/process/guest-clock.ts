/** The guest's time in milliseconds: the host's, less the spans in which the guest was held. */
export class GuestClock {
  #heldMs = 0;
  #heldSince: number | undefined;

  readonly now = (): number => (this.#heldSince ?? performance.now()) - this.#heldMs;

  hold(): void {
    this.#heldSince ??= performance.now();
  }

  release(): void {
    if (this.#heldSince === undefined) return;
    this.#heldMs += performance.now() - this.#heldSince;
    this.#heldSince = undefined;
  }
}
