import { TimeoutError } from "../machine/errors.ts";
import { longestTimerMs, reasonRecord, reasonWithContext } from "../power/wait.ts";
import type { Scheduled } from "./clock.ts";
import type { ConsoleState } from "./console-state.ts";
import { endMessage, type FailedWait, timeoutMessage } from "./failure.ts";
import { type Match, matchAt } from "./match.ts";
import type { Pattern } from "./pattern.ts";
import { type Hit, Search } from "./search.ts";
import { matchRecord, type WaitOutcome } from "./wait-record.ts";

export interface WaitRequest {
  readonly pattern: Pattern;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Where to look from, asked when the wait begins to look. */
  readonly offset: () => number;
  readonly found: (match: Match) => void;
  readonly failed: (reason: unknown) => void;
}

/** An open pattern's match on an unfinished line is taken after this much silence. */
const quietMs = 30;
/** A look this long lets other work have its turn. */
const budgetMs = 10;
/** An unfinished stretch longer than this is gone over at most once in `pacedMs`, however small the chunks come. */
const pacedLength = 4096;
const pacedMs = 10;

interface Looking {
  readonly offset: number;
  readonly search: Search;
  readonly startedAt: number;
  readonly deadline: Scheduled | undefined;
  /** Takes how it settled into the trace. */
  readonly record: ((outcome: WaitOutcome) => void) | undefined;
}

/** One `expect`: it waits for its turn, looks, and settles once; then it holds no timer and no listener. */
export class PendingWait {
  readonly #state: ConsoleState;
  readonly #request: WaitRequest;
  readonly #onAbort: () => void;
  #looking: Looking | undefined;
  #quiet: Scheduled | undefined;
  #next: Scheduled | undefined;
  /** Set once the deadline passed: only what had come by then counts. */
  #limit: number | undefined;
  #isSettled = false;

  constructor(state: ConsoleState, request: WaitRequest) {
    this.#state = state;
    this.#request = request;
    this.#onAbort = () => this.fail(request.signal?.reason);
    request.signal?.addEventListener("abort", this.#onAbort);
  }

  /** Its turn has come: looks at what is there already, and goes on as more comes. */
  begin(): void {
    if (this.#isSettled || this.#looking) return;
    const { offset, timeoutMs: ms, pattern } = this.#request;
    const { clock, name, observe } = this.#state;
    const from = offset();
    const deadline = ms > longestTimerMs ? undefined : clock.after(ms, () => this.#expire());
    const asked = { console: name, mode: "expect", patterns: [pattern.record], raw: pattern.isRaw } as const;
    this.#looking = {
      offset: from,
      search: new Search(this.#state.source, from, pattern),
      startedAt: clock.now(),
      deadline,
      record: observe?.({ ...asked, from, timeoutMs: ms }),
    };
    this.#look();
  }

  /** There are more bytes. Many calls in a row cost one look. */
  advance(): void {
    if (!this.#looking || this.#next) return;
    if (this.#looking.search.carried > pacedLength) this.#after(pacedMs);
    else this.#soon();
  }

  /** No more bytes will come. */
  end(): void {
    if (this.#looking) this.#soon();
  }

  fail(reason: unknown, outcome: "timeout" | "ended" | "stopped" = "stopped"): void {
    const looking = this.#looking;
    if (!this.#settle()) return;
    looking?.record?.({ outcome, looked: looking.search.position, reason: reasonRecord(reason) });
    this.#request.failed(reason);
  }

  #look(): void {
    this.#safely((looking) => {
      const { search } = looking;
      const until = this.#limit ?? this.#state.source.end;
      const hit = search.advance(until, budgetMs);
      if (hit) this.#succeed(looking, hit, "text");
      else if (search.position < until) this.#soon();
      else if (this.#limit !== undefined) this.#atDeadline(looking);
      else if (this.#state.endReason) this.#atEnd(looking, this.#state.endReason);
      else this.#awaitQuiet();
    });
  }

  #expire(): void {
    // Timers fire before arrivals are delivered: those that are already here get their turn first.
    this.#soon(() => {
      this.#limit = this.#state.source.end;
      this.#look();
    });
  }

  #atDeadline(looking: Looking): void {
    const hit = looking.search.provisional();
    if (hit) this.#succeed(looking, hit, "deadline");
    else this.fail(new TimeoutError(timeoutMessage(this.#failure(looking.offset, this.#request.timeoutMs))), "timeout");
  }

  #atEnd(looking: Looking, reason: Error): void {
    const hit = looking.search.finish();
    if (hit) this.#succeed(looking, hit, "end");
    else {
      const waitedMs = this.#state.clock.now() - looking.startedAt;
      this.fail(
        reasonWithContext(reason, endMessage(reason.message, this.#failure(looking.offset, waitedMs))),
        "ended",
      );
    }
  }

  #awaitQuiet(): void {
    if (!this.#request.pattern.isOpen) return;
    this.#quiet?.cancel();
    const { clock, lastAdvance } = this.#state;
    const silence = clock.now() - lastAdvance;
    // As at the deadline: bytes may have arrived that nobody was told of yet.
    this.#quiet = clock.after(Math.max(0, quietMs - silence), () => clock.soon(() => this.#afterQuiet()));
  }

  #afterQuiet(): void {
    if (this.#next) return;
    this.#safely((looking) => {
      const { search } = looking;
      const hit = search.position < this.#state.source.end ? undefined : search.provisional();
      if (hit) this.#succeed(looking, hit, "silence");
      else if (search.position < this.#state.source.end) this.#soon();
    });
  }

  #succeed(looking: Looking, hit: Hit, by: "text" | "silence" | "deadline" | "end"): void {
    const match = matchAt(this.#state.source, looking.offset, hit);
    if (!this.#settle()) return;
    looking.record?.({ outcome: "matched", by, looked: looking.search.position, matches: [matchRecord(match)] });
    this.#request.found(match);
  }

  /** A record that cannot be read fails the wait, not the process. */
  #safely(step: (looking: Looking) => void): void {
    if (!this.#looking) return;
    try {
      step(this.#looking);
    } catch (error) {
      this.fail(error);
    }
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
    this.#looking?.deadline?.cancel();
    this.#quiet?.cancel();
    this.#next?.cancel();
    this.#looking = undefined;
    return true;
  }

  #soon(look = () => this.#look()): void {
    this.#next?.cancel();
    this.#next = this.#state.clock.soon(() => {
      this.#next = undefined;
      look();
    });
  }

  #after(ms: number): void {
    this.#next = this.#state.clock.after(ms, () => {
      this.#next = undefined;
      this.#look();
    });
  }

  #failure(offset: number, waitedMs: number): FailedWait {
    const { name, source } = this.#state;
    return { pattern: this.#request.pattern, console: name, source, offset, waitedMs, context: this.#state.describe() };
  }
}
