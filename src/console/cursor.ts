import type { PowerEvent } from "../power/event.ts";
import { timeoutMs, type Wait } from "../power/wait.ts";
import type { ConsoleState } from "./console-state.ts";
import type { Match } from "./match.ts";
import { compilePattern } from "./pattern.ts";
import { PendingWait } from "./pending-wait.ts";

export interface WaitOptions {
  /** Milliseconds, or `"5s"`. Counted from when the wait begins to look. */
  timeout?: number | string;
  /** Looks from where the console stood when this event happened, whatever was consumed since. */
  after?: PowerEvent;
  /** Matches bytes (one character each, U+0000..U+00FF) instead of readable text. */
  raw?: boolean;
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * A position in a console's record. `expect` looks from there and moves it behind its match; a wait that fails or
 * times out leaves it where it was. Waits on one cursor run one after another, in the order they were started, each
 * with its full time.
 */
export class Cursor {
  readonly #state: ConsoleState;
  readonly #queue: PendingWait[] = [];
  #position: number;

  constructor(state: ConsoleState, position: number) {
    this.#state = state;
    this.#position = position;
  }

  /** Byte offset in the console's record. */
  get position(): number {
    return this.#position;
  }

  /**
   * Waits until the guest has printed `pattern`: a text, or a regular expression whose `^` and `$` are a line's.
   *
   * A pattern that ends with a definite character is found the moment it is there, and takes as little as it can:
   * `/a.*b/` stops at the first `b`. One that could go on (`\w+`, `$`, `\b`, a lookahead at its end) is decided when
   * its line is complete, or the guest has been silent for 30 ms after a prompt, or nothing more will come.
   *
   * @throws UsageError for an empty text or a malformed timeout. Rejects with TimeoutError, with the reason why the
   * console ended, or with the signal's reason.
   */
  expect(pattern: string | RegExp, options: WaitOptions = {}): Wait<Match> {
    const state = this.#state;
    const compiled = compilePattern(pattern, options.raw ?? false);
    const timeout = timeoutMs(options.timeout, state.defaultTimeoutMs);
    const { after, signal } = options;
    return state.waits.start(`${state.name}: expect(${compiled.title})`, (resolve, reject) => {
      const wait: PendingWait = new PendingWait(state, {
        pattern: compiled,
        timeoutMs: timeout,
        signal,
        offset: () => (after ? state.offsetOf(after) : this.#position),
        found: (match) => {
          this.#position = match.end;
          resolve(match);
          this.#leave(wait);
        },
        failed: (reason) => {
          reject(reason);
          this.#leave(wait);
        },
      });
      this.#enter(wait, state.poisonReason ?? (signal?.aborted ? signal.reason : undefined));
    });
  }

  #enter(wait: PendingWait, refusal: unknown): void {
    if (refusal !== undefined) wait.fail(refusal);
    else {
      this.#state.waiting.add(wait);
      if (this.#queue.push(wait) === 1) wait.begin();
    }
  }

  #leave(wait: PendingWait): void {
    this.#state.waiting.delete(wait);
    const at = this.#queue.indexOf(wait);
    if (at >= 0) this.#queue.splice(at, 1);
    // Not at once: a long queue of waits that are met already would fill the stack.
    if (at === 0) queueMicrotask(() => this.#queue[0]?.begin());
  }
}
