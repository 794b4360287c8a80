/** Where each character of a text came from: runs of characters that each took `width` bytes, back to back. */
export class OffsetMap {
  readonly #index: number[] = [];
  readonly #offset: number[] = [];
  readonly #width: number[] = [];

  /** From character `index` on, characters come from `offset`, `width` bytes each. Indices never decrease. */
  add(index: number, offset: number, width: number): void {
    const last = this.#index.length - 1;
    const [runIndex, runOffset, runWidth] = [this.#index[last], this.#offset[last], this.#width[last]];
    if (runIndex !== undefined && runOffset !== undefined && runWidth === width) {
      if (runOffset + (index - runIndex) * width === offset) return;
    }
    this.#index.push(index);
    this.#offset.push(offset);
    this.#width.push(width);
  }

  /** Runs of characters that are known. */
  get size(): number {
    return this.#index.length;
  }

  /** Characters from `index` on did not come after all. */
  cut(index: number): void {
    while ((this.#index.at(-1) ?? -1) >= index) {
      this.#index.pop();
      this.#offset.pop();
      this.#width.pop();
    }
  }

  /** Characters before `index` will not be asked for again. */
  forget(index: number): void {
    const run = this.#runOf(index);
    for (const column of [this.#index, this.#offset, this.#width]) column.splice(0, run);
  }

  /** The bytes [start, end) that character `index` came from. */
  at(index: number): { start: number; end: number } {
    const run = this.#runOf(index);
    const width = this.#width[run] ?? 1;
    const start = (this.#offset[run] ?? 0) + (index - (this.#index[run] ?? 0)) * width;
    return { start, end: start + width };
  }

  #runOf(index: number): number {
    let low = 0;
    let high = this.#index.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#index[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
