import { TimeoutError } from "../machine/errors.ts";
import { longestTimerMs, reasonRecord, reasonWithContext } from "../power/wait.ts";
import type { Scheduled } from "./clock.ts";
import type { ConsoleState, Waiting } from "./console-state.ts";
import { endMessage, type FailedWait, timeoutMessage } from "./failure.ts";
import type { Looking, Sought } from "./looking.ts";
import type { MatchRecord, WaitFacts, WaitOutcome } from "./wait-record.ts";

export interface WaitRequest<Found extends { readonly start: number }, Result> {
  readonly sought: Sought<Found>;
  /** What is asked, for the trace. */
  readonly asked: Omit<WaitFacts, "console" | "from" | "timeoutMs">;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Where to look from, asked when the wait begins to look. */
  readonly offset: () => number;
  readonly began?: () => void;
  readonly result: (found: Found, offset: number, waitedMs: number) => Result;
  /** What was found, for the trace. */
  readonly matches: (result: Result) => readonly MatchRecord[];
  readonly found: (result: Result) => void;
  readonly failed: (reason: unknown) => void;
  /** For a wait that is met by what does not come. */
  readonly absence?: {
    /** Its span is over, and nothing was found in it. */
    readonly over: () => void;
    /** What the deadline and an orderly end of the console mean. */
    readonly atDeadline: "over" | "timeout";
    readonly atEnd: "over" | "goes on";
    /** For messages: what was to come within the span. */
    readonly awaited: string;
  };
}

/** An open pattern's match on an unfinished line is taken after this much silence. */
const quietMs = 30;
/** A look this long lets other work have its turn. */
const budgetMs = 10;
/** An unfinished stretch longer than this is gone over at most once in `pacedMs`, however small the chunks come. */
const pacedLength = 4096;
const pacedMs = 10;

interface Begun<Found extends { readonly start: number }> {
  readonly offset: number;
  readonly search: Looking<Found>;
  readonly startedAt: number;
  readonly deadline: Scheduled | undefined;
  /** Takes how it settled into the trace. */
  readonly record: ((outcome: WaitOutcome) => void) | undefined;
}

/** One `expect`: it waits for its turn, looks, and settles once; then it holds no timer and no listener. */
export class PendingWait<Found extends { readonly start: number }, Result> implements Waiting {
  readonly #state: ConsoleState;
  readonly #request: WaitRequest<Found, Result>;
  readonly #onAbort: () => void;
  #begun: Begun<Found> | undefined;
  #quiet: Scheduled | undefined;
  #next: Scheduled | undefined;
  /** Set once the deadline passed or the span was closed: only what had come by then counts. */
  #limit: { readonly offset: number; readonly means: "over" | "timeout"; readonly isSpanEnd: boolean } | undefined;
  /** Found while the end of the span may have come before it, and not be known yet. */
  #early: Found | undefined;
  #isSettled = false;

  constructor(state: ConsoleState, request: WaitRequest<Found, Result>) {
    this.#state = state;
    this.#request = request;
    this.#onAbort = () => this.fail(request.signal?.reason);
    request.signal?.addEventListener("abort", this.#onAbort);
  }

  /** Its turn has come: looks at what is there already, and goes on as more comes. */
  begin(): void {
    if (this.#isSettled || this.#begun) return;
    const { offset, timeoutMs: ms, sought, asked, began } = this.#request;
    const { clock, name, observe, source } = this.#state;
    const from = offset();
    const deadline = ms > longestTimerMs ? undefined : clock.after(ms, () => this.#expire());
    this.#begun = {
      offset: from,
      search: sought.lookFrom(source, from),
      startedAt: clock.now(),
      deadline,
      record: observe?.({ ...asked, console: name, from, timeoutMs: ms }),
    };
    began?.();
    this.#look();
  }

  /** There are more bytes. Many calls in a row cost one look. */
  advance(): void {
    if (!this.#begun || this.#next) return;
    if (this.#begun.search.carried > pacedLength) this.#after(pacedMs);
    else this.#soon();
  }

  /** No more bytes will come. */
  end(): void {
    if (this.#begun) this.#soon();
  }

  fail(reason: unknown, outcome: "timeout" | "ended" | "stopped" = "stopped"): void {
    const [begun, early] = [this.#begun, this.#early];
    if (!this.#settle()) return;
    // A find that was not decided yet does not count.
    begun?.record?.({ outcome, looked: early?.start ?? begun.search.position, reason: reasonRecord(reason) });
    this.#request.failed(reason);
  }

  /** What comes from `offset` on does not count any more. */
  close(offset: number): void {
    if (this.#limit) return;
    this.#limit = { offset, means: "over", isSpanEnd: true };
    if (this.#begun) this.#soon();
  }

  #look(): void {
    this.#safely((begun) => {
      const { search } = begun;
      const { end } = this.#state.source;
      const until = Math.min(this.#limit?.offset ?? end, end);
      const found = this.#early ?? search.advance(until, budgetMs);
      if (this.#counts(found)) this.#decide(begun, found);
      else if (search.position < until) this.#soon();
      else if (this.#limit && (this.#limit.offset <= search.position || this.#state.endReason)) {
        this.#atLimit(begun, this.#limit.means);
      } else if (this.#state.endReason) this.#atEnd(begun, this.#state.endReason);
      else this.#awaitQuiet();
    });
  }

  #decide(begun: Begun<Found>, found: Found): void {
    const isEarly = this.#request.absence?.atEnd === "goes on" && !this.#limit && !this.#early;
    if (!isEarly) return this.#succeed(begun, found, "text");
    // A promise that is fulfilled already tells so within this turn.
    this.#early = found;
    this.#soon();
  }

  #counts(found: Found | undefined): found is Found {
    return found !== undefined && !(this.#limit?.isSpanEnd && found.start >= this.#limit.offset);
  }

  #expire(): void {
    // Timers fire before arrivals are delivered: those that are already here get their turn first.
    this.#soon(() => {
      const means = this.#request.absence?.atDeadline ?? "timeout";
      this.#limit = { offset: this.#state.source.end, means, isSpanEnd: false };
      this.#look();
    });
  }

  #atLimit(begun: Begun<Found>, means: "over" | "timeout"): void {
    const found = this.#state.endReason ? begun.search.finish() : begun.search.provisional();
    if (this.#counts(found)) this.#succeed(begun, found, "deadline");
    else if (means === "over") this.#isOver(begun, "deadline");
    else this.fail(new TimeoutError(timeoutMessage(this.#failure(begun, this.#request.timeoutMs))), "timeout");
  }

  #atEnd(begun: Begun<Found>, reason: Error): void {
    const { absence } = this.#request;
    const meaning = this.#state.endedInOrder ? absence?.atEnd : undefined;
    if (meaning === "goes on") return;
    const found = begun.search.finish();
    if (this.#counts(found)) this.#succeed(begun, found, "end");
    else if (meaning === "over") this.#isOver(begun, "end");
    else {
      const waitedMs = this.#state.clock.now() - begun.startedAt;
      this.fail(reasonWithContext(reason, endMessage(reason.message, this.#failure(begun, waitedMs))), "ended");
    }
  }

  #isOver(begun: Begun<Found>, by: "deadline" | "end"): void {
    // What came after the span may have been looked at before its end was known.
    const looked = Math.min(begun.search.position, this.#limit?.offset ?? begun.search.position);
    if (!this.#settle()) return;
    begun.record?.({ outcome: "absent", by, looked });
    this.#request.absence?.over();
  }

  #awaitQuiet(): void {
    if (!this.#begun?.search.isOpen) return;
    this.#quiet?.cancel();
    const { clock, lastAdvance } = this.#state;
    const silence = clock.now() - lastAdvance;
    // As at the deadline: bytes may have arrived that nobody was told of yet.
    this.#quiet = clock.after(Math.max(0, quietMs - silence), () => clock.soon(() => this.#afterQuiet()));
  }

  #afterQuiet(): void {
    if (this.#next) return;
    this.#safely((begun) => {
      const { search } = begun;
      const found = search.position < this.#state.source.end ? undefined : search.provisional();
      if (this.#counts(found)) this.#succeed(begun, found, "silence");
      else if (search.position < this.#state.source.end) this.#soon();
    });
  }

  #succeed(begun: Begun<Found>, found: Found, by: "text" | "silence" | "deadline" | "end"): void {
    const { offset, startedAt, search, record } = begun;
    const result = this.#request.result(found, offset, this.#state.clock.now() - startedAt);
    if (!this.#settle()) return;
    record?.({ outcome: "matched", by, looked: search.position, matches: this.#request.matches(result) });
    this.#request.found(result);
  }

  /** A record that cannot be read fails the wait, not the process. */
  #safely(step: (begun: Begun<Found>) => void): void {
    if (!this.#begun) return;
    try {
      step(this.#begun);
    } catch (error) {
      this.fail(error);
    }
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
    this.#begun?.deadline?.cancel();
    this.#quiet?.cancel();
    this.#next?.cancel();
    this.#begun = undefined;
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

  #failure({ offset, search }: Begun<Found>, waitedMs: number): FailedWait {
    const { name, source } = this.#state;
    const { sought, absence } = this.#request;
    return {
      awaited: absence?.awaited ?? `${sought.title} on ${name}`,
      sought: absence ? undefined : sought,
      ...{ search, console: name, source, offset, waitedMs, context: this.#state.describe() },
    };
  }
}
