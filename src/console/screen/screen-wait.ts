import { TimeoutError } from "../../machine/errors.ts";
import { longestTimerMs, reasonWithContext, showDuration } from "../../power/wait.ts";
import type { ConsoleState } from "../console-state.ts";
import { lastLines } from "../text.ts";
import { framed } from "./frame.ts";
import type { ScreenPattern } from "./screen-pattern.ts";
import type { ScreenSnapshot } from "./snapshot.ts";

export interface ScreenWaitRequest {
  readonly pattern: ScreenPattern;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** The screen with at least the bytes before `until` obeyed. */
  readonly look: (until: number) => Promise<ScreenSnapshot>;
  readonly found: (shown: ScreenSnapshot) => void;
  readonly failed: (reason: unknown) => void;
}

/** One `toShow`: it looks whenever there is more to see, and settles once; then it holds no timer and no listener. */
export class ScreenWait {
  readonly #state: ConsoleState;
  readonly #request: ScreenWaitRequest;
  readonly #startedAt = performance.now();
  readonly #onAbort: () => void;
  #deadline: NodeJS.Timeout | undefined;
  /** Set once the deadline passed: only what had come by then counts. */
  #limit: number | undefined;
  #isLooking = false;
  #isStale = false;
  #isSettled = false;

  constructor(state: ConsoleState, request: ScreenWaitRequest) {
    this.#state = state;
    this.#request = request;
    this.#onAbort = () => this.fail(request.signal?.reason);
  }

  begin(): void {
    const { signal, timeoutMs } = this.#request;
    if (this.#state.poisonReason) return this.fail(this.#state.poisonReason);
    if (signal?.aborted) return this.fail(signal.reason);
    signal?.addEventListener("abort", this.#onAbort);
    if (timeoutMs <= longestTimerMs) this.#deadline = setTimeout(() => this.#expire(), timeoutMs);
    this.#wake();
  }

  /** There are more bytes. */
  advance(): void {
    this.#wake();
  }

  /** No more bytes will come. */
  end(): void {
    this.#wake();
  }

  fail(reason: unknown): void {
    if (this.#settle()) this.#request.failed(reason);
  }

  #expire(): void {
    // Timers fire before arrivals are delivered: those that are already here get their turn first.
    setImmediate(() => {
      this.#limit = this.#state.source.end;
      this.#wake();
    });
  }

  #wake(): void {
    this.#isStale = true;
    if (this.#isLooking || this.#isSettled) return;
    this.#isLooking = true;
    this.#look()
      .catch((error) => this.fail(error))
      .finally(() => {
        this.#isLooking = false;
      });
  }

  async #look(): Promise<void> {
    while (this.#isStale && !this.#isSettled) {
      this.#isStale = false;
      // Taken before the look, which takes its time: what comes meanwhile makes it stale.
      const limit = this.#limit;
      const { endReason } = this.#state;
      const shown = await this.#request.look(limit ?? this.#state.source.end);
      if (this.#request.pattern.isShown(shown)) {
        if (this.#settle()) this.#request.found(shown);
      } else if (limit !== undefined) {
        this.fail(new TimeoutError(this.#message(this.#late(), shown)));
      } else if (endReason && endReason === this.#state.endReason) {
        this.fail(reasonWithContext(endReason, this.#message(this.#ended(endReason.message), shown)));
      }
    }
  }

  #late(): string[] {
    const { pattern, timeoutMs } = this.#request;
    const span = showDuration(timeoutMs);
    return [`expected the screen of ${this.#state.name} to show ${pattern.title} within ${span}, but it did not`];
  }

  #ended(reason: string): string[] {
    const [first = reason, ...rest] = reason.split("\n");
    const waited = showDuration(performance.now() - this.#startedAt);
    const what = `while waiting for the screen of ${this.#state.name} to show ${this.#request.pattern.title}`;
    return [`${first} ${what} (for ${waited})`, ...rest];
  }

  #message(head: readonly string[], shown: ScreenSnapshot): string {
    const { source, name } = this.#state;
    const context = this.#state.describe();
    if (source.end === 0) return [...head, `${name} has printed nothing at all`].join("\n");
    const lines = [...head, ...(context ? [context] : []), ...framed(shown)];
    if (shown.text === "") lines.push(`last lines of ${name}:`, ...lastLines(source, 5).map((line) => `  | ${line}`));
    return [...lines, `The screen is what is there now; for what was printed once, use ${name}.expect(…).`].join("\n");
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
    clearTimeout(this.#deadline);
    return true;
  }
}
