import { ConsoleTap } from "../guest/tap/console-tap.ts";
import type { TapJournal } from "../guest/tap/journal.ts";
import { countPoints, type TapResult } from "../guest/tap/result.ts";
import { checkPlan } from "../guest/tap/run-tap.ts";
import { TimeoutError, UsageError } from "../machine/errors.ts";
import type { ConsoleName } from "../machine/machine.ts";
import type { PowerEvent } from "../power/event.ts";
import { longestTimerMs, reasonWithContext, showDuration, timeoutMs, type Wait, type Waits } from "../power/wait.ts";
import type { ConsoleSet } from "./console-set.ts";

export interface ConsoleTapOptions {
  /** `com1` if absent. */
  readonly console?: ConsoleName;
  /** Looks at what was printed after this event; else at what comes after the stream read before, or at everything. */
  readonly after?: PowerEvent;
  /** How many results there are, for a stream that has no plan: the suites of a KUnit module, on some kernels. */
  readonly plan?: number;
  /** A line that ends the stream: it else ends with the last result of its plan. What is in it belongs to no result. */
  readonly until?: string | RegExp;
  /** Milliseconds, or `"30s"`. */
  readonly timeout?: number | string;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface ConsoleTapsParts {
  readonly consoles: ConsoleSet;
  readonly taps: TapJournal;
  readonly waits: Waits;
  readonly defaultTimeoutMs: () => number;
}

interface Ends {
  resolve(result: TapResult): void;
  reject(reason: unknown): void;
  /** Called once, first. `offset`: where on the console the reading ended. */
  over(offset: number): void;
}

/** TAP that a guest prints on its consoles, one stream after the other. */
export class ConsoleTaps {
  readonly #parts: ConsoleTapsParts;
  /** Where the last stream that was read of each console ended. */
  readonly #ends = new Map<ConsoleName, number>();
  readonly #readings = new Set<Reading>();

  constructor(parts: ConsoleTapsParts) {
    this.#parts = parts;
    parts.consoles.onStop((reason) => {
      for (const reading of this.#readings) reading.stop(reason);
    });
  }

  /** @throws UsageError for a console that the machine does not have, or options that cannot be */
  read(options: ConsoleTapOptions): Wait<TapResult> {
    const { console: name = "com1", after, plan, timeout } = options;
    const { consoles, waits, defaultTimeoutMs } = this.#parts;
    if (!consoles.names.includes(name)) {
      throw new UsageError(`the machine has no ${name}: set consoles.${name} to "capture"`);
    }
    checkPlan(plan);
    const limitMs = timeoutMs(timeout, defaultTimeoutMs);
    const from = after?.offsets[name] ?? this.#ends.get(name) ?? 0;
    return waits.start(`vm.tap() on ${name}`, (resolve, reject) => {
      const reading = new Reading(this.#parts, name, options, {
        ...{ resolve, reject },
        over: (offset) => {
          this.#readings.delete(reading);
          this.#ends.set(name, offset);
        },
      });
      this.#readings.add(reading);
      reading.start(from, limitMs);
    });
  }
}

class Reading {
  readonly #parts: ConsoleTapsParts;
  readonly #name: ConsoleName;
  readonly #options: ConsoleTapOptions;
  readonly #ends: Ends;
  readonly #source: ConsoleTap;
  #offset = 0;
  #isSettled = false;
  #stopPiping: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #abort = () => this.#fail(() => this.#options.signal?.reason as Error); // anything may be thrown on

  constructor(parts: ConsoleTapsParts, name: ConsoleName, options: ConsoleTapOptions, ends: Ends) {
    this.#parts = parts;
    this.#name = name;
    this.#options = options;
    this.#ends = ends;
    const { plan, until } = options;
    this.#source = new ConsoleTap((isKernel) => parts.taps.open(name, { isKtap: isKernel, plan }), {
      readsOn: until !== undefined,
    });
  }

  start(from: number, limitMs: number): void {
    const { consoles } = this.#parts;
    const { signal } = this.#options;
    this.#offset = from;
    if (limitMs <= longestTimerMs) this.#timer = setTimeout(() => this.#expire(limitMs), limitMs);
    signal?.addEventListener("abort", this.#abort);
    this.#stopPiping = consoles.pipe(this.#name, (bytes) => this.#take(bytes), from);
    if (this.#isSettled) return this.#stopPiping();
    if (signal?.aborted) return this.#abort();
    const reason = consoles.endReason(this.#name);
    if (reason) this.stop(reason);
  }

  /** No more will come: the guest was reset, it ended, it crashed. */
  stop(reason: Error): void {
    const where = this.#source.tap ? "in the middle of" : "before it printed any TAP for";
    const [first = "", ...rest] = reason.message.split("\n");
    const lines = () => [`${first}, ${where} ${this.#title}`, ...rest, ...this.#scene()];
    this.#fail(() => reasonWithContext(reason, lines().join("\n")));
  }

  get #title(): string {
    return `vm.tap() on ${this.#name}`;
  }

  #take(bytes: Buffer): void {
    const { until } = this.#options;
    for (const piece of pieces(bytes)) {
      if (this.#isSettled) return;
      let isUntil = false;
      this.#source.push(piece, this.#offset, (line) => {
        isUntil ||= until !== undefined && matches(until, line);
      });
      this.#offset += piece.length;
      if (until === undefined ? this.#source.isOver : isUntil) this.#end();
    }
  }

  #end(): void {
    const { tap } = this.#source;
    this.#settle(() => {
      try {
        if (tap) this.#ends.resolve(tap.end());
      } catch (error) {
        this.#ends.reject(error);
      }
    });
  }

  #expire(limitMs: number): void {
    const what = this.#source.tap ? "its end did not come" : "none came";
    const first = `${this.#title}: ${what} within ${showDuration(limitMs)}`;
    this.#fail(() => new TimeoutError([first, ...this.#scene()].join("\n")));
  }

  /** `reason` is asked when all that has come is in the results. */
  #fail(reason: () => Error): void {
    this.#settle(() => {
      this.#source.tap?.abandon(`${this.#title} was given up`);
      this.#ends.reject(reason());
    });
  }

  #scene(): string[] {
    const { tap } = this.#source;
    return [...(tap ? [`  ${countPoints(tap.points)} so far`] : []), ...this.#parts.consoles.lastLines(this.#name)];
  }

  #settle(conclude: () => void): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#stopPiping?.();
    this.#ends.over(this.#offset);
    conclude();
  }
}

/** The bytes cut behind each line feed, so that the end of a stream is known to the byte. */
function* pieces(bytes: Buffer): Generator<Buffer> {
  let from = 0;
  while (from < bytes.length) {
    const end = bytes.indexOf(0x0a, from);
    const to = end < 0 ? bytes.length : end + 1;
    yield bytes.subarray(from, to);
    from = to;
  }
}

function matches(pattern: string | RegExp, line: string): boolean {
  if (typeof pattern === "string") return line.includes(pattern);
  pattern.lastIndex = 0;
  return pattern.test(line);
}
