import type { WaitWatcher } from "../power/wait-watcher.ts";

export interface ProgressWatchOptions {
  /** Absent: it only counts, and never fires. */
  readonly budgetMs: number | undefined;
  /** Milliseconds on a monotonic clock. */
  readonly now?: () => number;
  /** Called once, with the titles of the waits that are pending. */
  readonly onStuck: (waits: readonly string[]) => void;
}

/**
 * Counts the time in which somebody waits for a running guest and nothing that counts as progress comes: a phase, a
 * wait that is met, a command that is done, a power event. What the guest prints is no progress. Time in which the VM
 * stands still, or in which nobody waits because the test itself computes, does not count.
 */
export class ProgressWatch implements WaitWatcher {
  readonly #options: ProgressWatchOptions;
  readonly #now: () => number;
  readonly #waits = new Map<string, number>();
  #met = 0;
  #isRunning = false;
  /** Counted so far, without the stretch that is under way. */
  #countedMs = 0;
  #countsSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: ProgressWatchOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** What somebody waits for now. */
  get waits(): readonly string[] {
    return [...this.#waits.keys()];
  }

  /** How many waits were met so far. */
  get met(): number {
    return this.#met;
  }

  began(title: string): void {
    this.#waits.set(title, (this.#waits.get(title) ?? 0) + 1);
    this.#update();
  }

  ended(title: string, isMet: boolean): void {
    const left = (this.#waits.get(title) ?? 1) - 1;
    if (left > 0) this.#waits.set(title, left);
    else this.#waits.delete(title);
    if (isMet) {
      this.#met++;
      this.progress();
    } else this.#update();
  }

  /** The guest got on: the budget begins anew. */
  progress(): void {
    this.#countedMs = 0;
    this.#countsSince = undefined;
    this.#update();
  }

  /** Whether the guest can get on at all. */
  set isRunning(isRunning: boolean) {
    this.#isRunning = isRunning;
    this.#update();
  }

  /** Never fires any more. */
  close(): void {
    this.#isOver = true;
    this.#update();
  }

  #update(): void {
    const { budgetMs } = this.#options;
    if (budgetMs === undefined) return;
    const counts = this.#isRunning && this.#waits.size > 0 && !this.#isOver;
    const now = this.#now();
    if (this.#countsSince !== undefined) this.#countedMs += now - this.#countsSince;
    this.#countsSince = counts ? now : undefined;
    clearTimeout(this.#timer);
    if (!counts) return;
    // What came while the loop was busy is looked at before the budget counts as spent.
    const look = () => setImmediate(() => setImmediate(() => this.#look(budgetMs)));
    this.#timer = setTimeout(look, Math.max(0, Math.ceil(budgetMs - this.#countedMs)));
  }

  #look(budgetMs: number): void {
    if (this.#isOver || this.#countsSince === undefined) return;
    // A timer may be early by a fraction of its millisecond.
    if (this.#countedMs + this.#now() - this.#countsSince < budgetMs) return this.#update();
    this.#isOver = true;
    this.#options.onStuck(this.waits);
  }
}
