import { type BootPhase, bootPhases } from "../console/phases/phase.ts";
import { TimeoutError, UsageError } from "../machine/errors.ts";
import { longestTimerMs, reasonWithContext, showDuration, timeoutMs, type Wait, type Waits } from "../power/wait.ts";
import type { PhaseRecord, PhaseTracker } from "./phase-tracker.ts";

export interface ReachOptions {
  /** How soon after the boot began (the VM's first resume, or the last reset). Milliseconds, or `"2s"`. */
  readonly within?: number | string;
  /** How long to wait from now on. Milliseconds, or `"5s"`. */
  readonly timeout?: number | string;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal;
}

interface Pending {
  look(): void;
  fail(reason: Error): void;
}

export interface ReachesParts {
  readonly tracker: PhaseTracker;
  readonly waits: Waits;
  /** Nanoseconds since the trace's start. */
  readonly now: () => number;
  readonly defaultTimeoutMs: () => number;
  /** What the consoles printed last, for messages. */
  readonly said: () => readonly string[];
}

/** The waits for phases of one VM. */
export class Reaches {
  readonly #tracker: PhaseTracker;
  readonly #waits: Waits;
  readonly #now: () => number;
  readonly #defaultTimeoutMs: () => number;
  readonly #said: () => readonly string[];
  readonly #pending = new Set<Pending>();
  #endReason: Error | undefined;
  #poisonReason: Error | undefined;

  constructor({ tracker, waits, now, defaultTimeoutMs, said }: ReachesParts) {
    this.#tracker = tracker;
    this.#waits = waits;
    this.#now = now;
    this.#defaultTimeoutMs = defaultTimeoutMs;
    this.#said = said;
  }

  /** A phase has begun, or a boot. */
  update(): void {
    for (const pending of this.#pending) pending.look();
  }

  end(reason: Error): void {
    this.#endReason ??= reason;
    // The last bytes are on their way: what they tell wins.
    setImmediate(() => setImmediate(() => this.update()));
  }

  reopen(): void {
    this.#endReason = undefined;
  }

  poison(reason: Error): void {
    this.#poisonReason ??= reason;
    for (const pending of this.#pending) pending.fail(reason);
  }

  reach(phase: BootPhase, options: ReachOptions): Wait<PhaseRecord> {
    if (!bootPhases.includes(phase)) {
      throw new UsageError(`"${String(phase)}" is no boot phase: write ${bootPhases.join(", ")}`);
    }
    const withinMs = options.within === undefined ? undefined : timeoutMs(options.within, () => 0);
    const limitMs = timeoutMs(options.timeout, this.#defaultTimeoutMs);
    const { signal } = options;
    const title = `reach("${phase}"${withinMs === undefined ? "" : `, within ${showDuration(withinMs)}`})`;
    return this.#waits.start(title, (resolve, reject) => {
      const startedAt = performance.now();
      let timer: NodeJS.Timeout | undefined;
      const settle = (conclude: () => void) => {
        if (!this.#pending.delete(pending)) return;
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        conclude();
      };
      const fail = (reason: unknown) => settle(() => reject(reason));
      const onAbort = () => fail(signal?.reason);
      // The boot's own time is out, or the wait's: known only once what came before has been looked at.
      const remaining = () => Math.min(limitMs - (performance.now() - startedAt), this.#leftOf(withinMs));
      const look = () => {
        if (this.#poisonReason) return fail(this.#poisonReason);
        const found = this.#tracker.reached(phase);
        if (found) {
          if (withinMs === undefined || found.afterMs <= withinMs) return settle(() => resolve(found));
          return fail(new TimeoutError(this.#tooLate(phase, withinMs, found)));
        }
        if (this.#endReason) return fail(reasonWithContext(this.#endReason, this.#over(title, this.#endReason)));
        arm();
      };
      const expire = () => {
        look();
        if (!this.#pending.has(pending) || remaining() > 0) return;
        fail(new TimeoutError(this.#outOfTime(phase, withinMs, limitMs)));
      };
      const arm = () => {
        clearTimeout(timer);
        const ms = Math.max(0, Math.ceil(remaining()));
        if (ms <= longestTimerMs) timer = setTimeout(() => setImmediate(() => setImmediate(expire)), ms);
      };
      const pending: Pending = { look, fail };
      this.#pending.add(pending);
      signal?.addEventListener("abort", onAbort);
      if (signal?.aborted) onAbort();
      else look();
    });
  }

  /** Of the boot's time; all of it while none has begun. */
  #leftOf(withinMs: number | undefined): number {
    if (withinMs === undefined || this.#tracker.boot === 0) return Number.POSITIVE_INFINITY;
    return withinMs - (this.#now() - this.#tracker.startedAt) / 1e6;
  }

  #tooLate(phase: BootPhase, withinMs: number, { phase: found, afterMs }: PhaseRecord): string {
    const which = found === phase ? "" : ` (by ${found})`;
    return [
      `expected phase ${phase} within ${showDuration(withinMs)} of its boot's start, but it was reached after ${showDuration(afterMs)}${which}`,
      ...this.#tracker.history(),
    ].join("\n");
  }

  #outOfTime(phase: BootPhase, withinMs: number | undefined, limitMs: number): string {
    const isBoots = withinMs !== undefined && this.#leftOf(withinMs) <= 0;
    const span = isBoots ? `${showDuration(withinMs)} of its boot's start` : showDuration(limitMs);
    return [`expected phase ${phase} within ${span}, but it was not reached`, ...this.#context()].join("\n");
  }

  #over(title: string, reason: Error): string {
    const [first = "", ...rest] = reason.message.split("\n");
    return [`${first} while waiting for ${title}`, ...rest, ...this.#tracker.history(), ...this.#said()].join("\n");
  }

  #context(): string[] {
    const state = this.#tracker.describe();
    if (state === undefined) return ["the VM was never resumed"];
    const history = this.#tracker.current ? this.#tracker.history() : [];
    return [state, ...history, ...this.#said()];
  }
}
