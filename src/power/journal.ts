import { TimeoutError } from "../machine/errors.ts";
import { AwaitingList } from "./awaiting.ts";
import { eventEvidence } from "./describe.ts";
import type { PowerEvent, PowerKind } from "./event.ts";
import { UnexpectedPowerEvent } from "./unexpected.ts";
import { reasonRecord, reasonWithContext, showDuration, timeoutMs, type Wait, Waits } from "./wait.ts";
import type { PowerObserver, PowerWaitFacts, PowerWaitOutcome } from "./wait-record.ts";
import type { WaitWatcher } from "./wait-watcher.ts";

export { parseAction } from "./action.ts";
export { describeEvent } from "./describe.ts";
export { UnexpectedPowerEvent } from "./unexpected.ts";

export interface PowerWaitOptions {
  /** Milliseconds, or `"5s"`. */
  timeout?: number | string;
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal;
}

export interface PowerJournalOptions {
  /** Without one a wait ends with the VM at the latest. */
  readonly defaultTimeoutMs?: () => number;
  readonly observer?: PowerObserver;
  readonly watcher?: WaitWatcher;
  /** Lines for a wait that was in vain: how far the guest had come, and what it said last. */
  readonly scene?: () => readonly string[];
}

/** What a wait comes to, looking at the events so far; undefined while it has to go on. */
type Answer =
  | { event: PowerEvent }
  | { error: Error; outcome: "timeout" | "ended" | "stopped" }
  | { error: UnexpectedPowerEvent; outcome: "unexpected" }
  | undefined;

/**
 * Everything a VM's guest did to its power, in order, and what the test has looked at.
 *
 * @example
 * const reset = await vm.power.next("reset");             // rejects if anything else comes first
 * await vm.console().expect("ready", { after: reset });
 * await vm.power.next("shutdown", { timeout: "30s" });
 */
export class PowerJournal {
  readonly #events: PowerEvent[] = [];
  readonly #acknowledged = new Set<PowerEvent>();
  readonly #allowed = new Set<PowerKind>();
  readonly #awaiting = new AwaitingList();
  readonly #waits: Waits;
  readonly #defaultTimeoutMs: () => number;
  readonly #observer: PowerObserver | undefined;
  readonly #scene: () => readonly string[];
  /** Index of the first event that `next` has not taken or passed. */
  #cursor = 0;
  #endReason: Error | undefined;
  #poisonReason: Error | undefined;

  constructor(options: PowerJournalOptions = {}) {
    this.#waits = new Waits(options.watcher);
    this.#defaultTimeoutMs = options.defaultTimeoutMs ?? (() => Number.POSITIVE_INFINITY);
    this.#observer = options.observer;
    this.#scene = options.scene ?? (() => []);
  }

  get events(): readonly PowerEvent[] {
    return this.#events;
  }

  /** Appends an event and settles whatever waited for it. */
  record(event: Omit<PowerEvent, "index">): PowerEvent {
    const recorded: PowerEvent = { ...event, index: this.#events.length };
    this.#events.push(recorded);
    this.#awaiting.update();
    return recorded;
  }

  /**
   * The next event, one that came before the call included; acknowledges it. Rejects with UnexpectedPowerEvent if one
   * of another kind comes first that nobody acknowledged or allowed; that event stays unacknowledged and next.
   */
  next(kind?: PowerKind, options?: PowerWaitOptions): Wait<PowerEvent> {
    const title = `power.next(${kind ? `"${kind}"` : ""})`;
    return this.#wait({ title, mode: "next", ...(kind && { event: kind }) }, options, () => this.#next(kind));
  }

  /** The next event of that kind; those before it stay as they are. Acknowledges what it finds. */
  find(kind: PowerKind, options?: PowerWaitOptions): Wait<PowerEvent> {
    return this.#wait({ title: `power.find("${kind}")`, mode: "find", event: kind }, options, () => {
      const event = this.#untaken().find((candidate) => candidate.kind === kind);
      return event && { event };
    });
  }

  /** The event counts as looked at. */
  acknowledge(event: PowerEvent): void {
    const own = this.#events[event.index];
    if (!own) return;
    this.#acknowledged.add(own);
    this.#observer?.waives({ index: own.index }, this.#events.length);
  }

  /** Events of these kinds count as looked at, however many come: resets in a reboot loop. */
  allow(...kinds: PowerKind[]): void {
    for (const kind of kinds) this.#allowed.add(kind);
    this.#observer?.waives({ kinds }, this.#events.length);
    this.#awaiting.update();
  }

  /** Whether any number of events of this kind may come. */
  allows(kind: PowerKind): boolean {
    return this.#allowed.has(kind);
  }

  /** Events that nobody looked at: they fail a test at its end. */
  unacknowledged(): PowerEvent[] {
    return this.#events.filter((event) => !this.#acknowledged.has(event) && !this.#allowed.has(event.kind));
  }

  /** No more events will come: waits reject with the reason, unless the answer is among the events. */
  end(reason: Error): void {
    this.#endReason ??= reason;
    this.#awaiting.update();
  }

  /** The guest runs again after an end: more events may come. */
  reopen(): void {
    this.#endReason = undefined;
  }

  /** From now on every wait rejects with the reason. */
  poison(reason: Error): void {
    this.#poisonReason ??= reason;
    this.#awaiting.update();
  }

  /** Waits that were started and never awaited. */
  unawaited(): string[] {
    return this.#waits.unawaited();
  }

  #untaken(): PowerEvent[] {
    return this.#events.slice(this.#cursor).filter((event) => !this.#acknowledged.has(event));
  }

  #next(kind: PowerKind | undefined): Answer {
    for (const event of this.#untaken()) {
      if (kind === undefined ? !this.#allowed.has(event.kind) : event.kind === kind) {
        this.#cursor = event.index + 1;
        return { event };
      }
      if (kind !== undefined && !this.#allowed.has(event.kind)) return unexpected(kind, event);
    }
    return undefined;
  }

  #wait(
    { title, ...asked }: Pick<PowerWaitFacts, "mode" | "event"> & { title: string },
    options: PowerWaitOptions = {},
    look: () => Answer,
  ): Wait<PowerEvent> {
    const ms = timeoutMs(options.timeout, this.#defaultTimeoutMs);
    const { signal } = options;
    return this.#waits.start(title, (resolve, reject) => {
      const observed = this.#observer?.waits({ ...asked, known: this.#events.length, timeoutMs: ms });
      const answer = (): Answer => {
        if (this.#poisonReason) return { error: this.#poisonReason, outcome: "stopped" };
        if (signal?.aborted) return { error: signal.reason, outcome: "stopped" };
        const found = look();
        if (found || !this.#endReason) return found;
        return {
          error: reasonWithContext(this.#endReason, this.#endMessage(title, this.#endReason)),
          outcome: "ended",
        };
      };
      this.#awaiting.add<NonNullable<Answer>>({
        answer,
        late: () => ({ error: new TimeoutError(this.#timeoutMessage(title, ms)), outcome: "timeout" }),
        settle: (known) => {
          observed?.(outcomeOf(known, this.#events.length));
          if ("error" in known) return reject(known.error);
          this.#acknowledged.add(known.event);
          resolve(known.event);
        },
        ...{ timeoutMs: ms, signal },
      });
    });
  }

  #endMessage(title: string, reason: Error): string {
    const [first = "", ...rest] = reason.message.split("\n");
    return [`${first} while waiting in ${title}`, ...rest, ...this.#history()].join("\n");
  }

  #timeoutMessage(title: string, ms: number): string {
    return [
      `${title} did not come within ${showDuration(ms)}`,
      ...this.#history(),
      ...this.#scene(),
      `If the guest is only slow, give the wait more time: { timeout: "2m" }.`,
    ].join("\n");
  }

  #history(): string[] {
    if (this.#events.length === 0) return ["no power event has come so far"];
    return ["power events so far:", ...this.#events.slice(-5).flatMap((event) => eventEvidence(event))];
  }
}

function unexpected(kind: PowerKind, event: PowerEvent): NonNullable<Answer> {
  return { error: new UnexpectedPowerEvent(kind, event), outcome: "unexpected" };
}

function outcomeOf(answer: NonNullable<Answer>, known: number): PowerWaitOutcome {
  if ("event" in answer) return { outcome: "matched", known, ...factsOf(answer.event) };
  if (answer.outcome === "unexpected") return { outcome: "unexpected", known, ...factsOf(answer.error.event) };
  return { outcome: answer.outcome, known, reason: reasonRecord(answer.error) };
}

function factsOf({ index, kind, cause }: PowerEvent) {
  return { index, event: kind, cause };
}
