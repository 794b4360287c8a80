/** Times a playback: waits that can be paused, and left. */
export class Pacer {
  #isPaused = false;
  #isOver = false;
  #wake: () => void = () => {};
  /** How much later than asked for the last wait ended: the next is the shorter for it. */
  #lateMs = 0;

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** True once it was left: there is nothing more to show. */
  get isOver(): boolean {
    return this.#isOver;
  }

  togglePause(): void {
    this.#isPaused = !this.#isPaused;
    this.#wake();
  }

  leave(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** Resolves when that much time was played, or at once when it is over. */
  async wait(ms: number): Promise<void> {
    let leftMs = ms - this.#lateMs;
    while (!this.#isOver && (this.#isPaused || leftMs > 0)) {
      const startedAt = performance.now();
      const wasPaused = this.#isPaused;
      await this.#change(wasPaused ? undefined : leftMs);
      if (!wasPaused) leftMs -= performance.now() - startedAt;
    }
    this.#lateMs = Math.max(0, -leftMs);
  }

  #change(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
