import { longestTimerMs } from "./wait.ts";

/** One wait of a journal: it looks whenever something has come, and settles once. */
interface Awaited<Answer> {
  /** What there is to say by now; undefined while the wait has to go on. */
  readonly answer: () => Answer | undefined;
  /** Called once, when the wait is off the list. */
  readonly settle: (answer: Answer) => void;
  /** What it comes to when its time is over. */
  readonly late: () => Answer;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** The waits of a journal, in the order they were started: what comes answers the first that takes it. */
export class AwaitingList {
  readonly #pending = new Set<() => void>();

  /** Looks at once: what is awaited may have come before. */
  add<Answer>({ answer, settle, late, timeoutMs, signal }: Awaited<Answer>): void {
    const end = (known: Answer) => {
      this.#pending.delete(update);
      clearTimeout(deadline);
      signal?.removeEventListener("abort", update);
      settle(known);
    };
    const update = () => {
      const known = answer();
      if (known !== undefined) end(known);
    };
    const expire = () => {
      update();
      if (this.#pending.has(update)) end(late());
    };
    // What arrived while the loop was busy is delivered before the deadline counts.
    const deadline = timeoutMs > longestTimerMs ? undefined : setTimeout(() => setImmediate(expire), timeoutMs);
    this.#pending.add(update);
    signal?.addEventListener("abort", update);
    update();
  }

  update(): void {
    for (const update of this.#pending) update();
  }
}
