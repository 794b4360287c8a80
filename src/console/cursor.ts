import { timeoutMs, type Wait } from "../power/wait.ts";
import { type AbsenceOptions, absence } from "./absence.ts";
import { searchForAny } from "./any-search.ts";
import type { ConsoleState, Waiting } from "./console-state.ts";
import { compileLine } from "./line-pattern.ts";
import { searchForLines } from "./lines-search.ts";
import type { Sought } from "./looking.ts";
import { type AnyMatch, type Match, matchAt, matchesAt } from "./match.ts";
import { compilePattern, type Pattern } from "./pattern.ts";
import { PendingWait, type WaitRequest } from "./pending-wait.ts";
import { searchFor } from "./search.ts";
import { type LinesOptions, lineOrder, refuseEmpty, type WaitOptions } from "./wait-options.ts";
import { type MatchRecord, matchRecord, tolerance } from "./wait-record.ts";

/**
 * A position in a console's record. `expect` looks from there and moves it behind its match; a wait that fails or
 * times out leaves it where it was. Waits on one cursor run one after another, in the order they were started, each
 * with its full time.
 */
export class Cursor {
  readonly #state: ConsoleState;
  readonly #queue: Waiting[] = [];
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
    const compiled = compilePattern(pattern, options);
    return this.#consume(options, {
      title: `expect(${compiled.title})`,
      sought: searchFor(compiled),
      asked: { mode: "expect", ...asked([compiled]) },
      result: (hit, offset) => matchAt(this.#state.source, offset, hit, compiled.skipsKernelLines),
      matches: (match) => [matchRecord(match)],
    });
  }

  /**
   * Waits for the first of several patterns: the one whose match starts first in the stream, and of those that start
   * at the same byte the first in the list, however the stream was cut into chunks. Like an open pattern, it is
   * decided by silence or the end of the line while another one might still match from an earlier byte.
   *
   * @example
   * const { index } = await console.expectAny([/login: $/, "Kernel panic"]);
   * @throws UsageError for an empty list, and as {@link expect}. Rejects as {@link expect}.
   */
  expectAny(patterns: readonly (string | RegExp)[], options: WaitOptions = {}): Wait<AnyMatch> {
    refuseEmpty("expectAny", patterns);
    const compiled = patterns.map((pattern) => compilePattern(pattern, options));
    const titles = compiled.map(({ title }) => title).join(", ");
    return this.#consume(options, {
      title: `expectAny([${titles}])`,
      sought: searchForAny(compiled),
      asked: { mode: "any", ...asked(compiled) },
      result: (hit, offset) => ({
        ...matchAt(this.#state.source, offset, hit, options.tolerateKernelMessages),
        index: hit.index,
      }),
      matches: (match) => [matchRecord(match, match.index)],
    });
  }

  /**
   * Waits for whole lines: a text is the whole of a line, a regular expression is found in one. The lines come in the
   * order given, others may stand between; `consecutive` allows none between, `ordered: false` any order, each line
   * for one pattern only. A line that has begun before the cursor is none. Consumes up to the end of the last line.
   *
   * @example
   * const [, address] = await console.expectLines(["link up", /^inet (?<ip>\S+)/, "ready"]);
   * @throws UsageError for an empty list, a text of several lines, and options that exclude each other.
   * Rejects as {@link expect}.
   */
  expectLines(patterns: readonly (string | RegExp)[], options: LinesOptions = {}): Wait<Match[]> {
    refuseEmpty("expectLines", patterns);
    const lines = patterns.map(compileLine);
    const skipsKernelLines = options.tolerateKernelMessages ?? false;
    const order = lineOrder(options);
    const titles = lines.map(({ title }) => title).join(", ");
    const patternRecords = lines.map(({ record }) => record);
    return this.#consume(options, {
      title: `expectLines([${titles}])`,
      sought: searchForLines({ patterns: lines, order, skipsKernelLines }),
      asked: {
        ...{ mode: "lines", patterns: patternRecords, raw: false },
        ...tolerance({ skipsKernelLines }),
        ...(order !== "in-order" && { order }),
      },
      result: ({ hits }, offset) => matchesAt(this.#state.source, offset, hits, skipsKernelLines),
      matches: (matches) => matches.map((match, index) => matchRecord(match, index)),
    });
  }

  /**
   * Asserts that a pattern does not come within a span: for some time (`during`), or `until` something happens: another
   * pattern that comes first, or a promise such as `vm.power.next("shutdown")`. Looks from where the cursor stands, at
   * what was printed already too, and consumes nothing; later waits on the cursor do not wait for it.
   *
   * Resolves when the span is over, or the guest has stopped during it. Rejects with UnexpectedOutput at once when the
   * pattern comes; with TimeoutError if `until` does not come; with the reason if the console could not be read, the
   * VMM broke down, or the promise rejected: then nobody knows what would have come.
   *
   * @example
   * await console.expectNot("BUG:", { during: "5s" });
   * await console.expectNot(/error/i, { until: "login:" });
   * @throws UsageError unless there is one span, and as {@link expect}.
   */
  expectNot(pattern: string | RegExp, options: AbsenceOptions): Wait<void> {
    const { title, ms, start } = absence(this.#state, pattern, options);
    return this.#state.waits.start(`${this.#state.name}: ${title}`, (resolve, reject) => {
      const wait: Waiting = start({
        offset: () => this.#offset(options),
        timeoutMs: ms,
        began: () => this.#leaveQueue(wait),
        over: () => {
          this.#leave(wait);
          resolve();
        },
        failed: (reason) => {
          this.#leave(wait);
          reject(reason);
        },
      });
      this.#enter(wait, options.signal);
    });
  }

  #consume<Found extends { readonly start: number; readonly end: number }, Result>(
    options: WaitOptions,
    { title, sought, asked, result, matches }: Consuming<Found, Result>,
  ): Wait<Result> {
    const state = this.#state;
    const ms = timeoutMs(options.timeout, state.defaultTimeoutMs);
    return state.waits.start(`${state.name}: ${title}`, (resolve, reject) => {
      const wait: Waiting = new PendingWait(state, {
        ...{ sought, asked, timeoutMs: ms, signal: options.signal },
        offset: () => this.#offset(options),
        result: (found, offset) => ({ end: found.end, result: result(found, offset) }),
        matches: (settled) => matches(settled.result),
        found: (settled) => {
          this.#position = settled.end;
          resolve(settled.result);
          this.#leave(wait);
        },
        failed: (reason) => {
          reject(reason);
          this.#leave(wait);
        },
      });
      this.#enter(wait, options.signal);
    });
  }

  #offset({ after }: WaitOptions): number {
    return after ? this.#state.offsetOf(after) : this.#position;
  }

  #enter(wait: Waiting, signal: AbortSignal | undefined): void {
    const refusal = this.#state.poisonReason ?? (signal?.aborted ? signal.reason : undefined);
    if (refusal !== undefined) wait.fail(refusal);
    else {
      this.#state.waiting.add(wait);
      if (this.#queue.push(wait) === 1) wait.begin();
    }
  }

  #leave(wait: Waiting): void {
    this.#state.waiting.delete(wait);
    this.#leaveQueue(wait);
  }

  #leaveQueue(wait: Waiting): void {
    const at = this.#queue.indexOf(wait);
    if (at >= 0) this.#queue.splice(at, 1);
    // Not at once: a long queue of waits that are met already would fill the stack.
    if (at === 0) queueMicrotask(() => this.#queue[0]?.begin());
  }
}

/** A wait that moves the cursor behind what it finds. */
interface Consuming<Found extends { readonly start: number }, Result> {
  readonly title: string;
  readonly sought: Sought<Found>;
  readonly asked: WaitRequest<Found, Result>["asked"];
  readonly result: (found: Found, offset: number) => Result;
  readonly matches: (result: Result) => readonly MatchRecord[];
}

function asked(patterns: readonly Pattern[]) {
  const [{ isRaw = false, skipsKernelLines = false } = {}] = patterns;
  return { patterns: patterns.map(({ record }) => record), raw: isRaw, ...tolerance({ skipsKernelLines }) };
}
