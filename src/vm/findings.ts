import { printable } from "../console/printable.ts";
import { TimeoutError } from "../machine/errors.ts";
import type { ConsoleName } from "../machine/machine.ts";
import type { Finding } from "../oracle/rule.ts";
import { AwaitingList } from "../power/awaiting.ts";
import { reasonWithContext, showDuration, timeoutMs, type Wait, Waits } from "../power/wait.ts";
import type { WaitWatcher } from "../power/wait-watcher.ts";

/** What the oracle read on a console of this VM. */
export interface VmFinding extends Finding {
  readonly console: ConsoleName;
  /** Nanoseconds since the VM's trace began, when the finding was made. */
  readonly at: number;
  /** Position in the journal, from 0. */
  readonly index: number;
}

export interface FindingWaitOptions {
  /** Milliseconds, or `"5s"`. */
  timeout?: number | string;
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal;
}

export interface FindingJournalOptions {
  /** How long a wait without a timeout of its own may take; without end if absent. */
  readonly defaultTimeoutMs?: () => number;
  /** Told of every wait. */
  readonly watcher?: WaitWatcher;
  /** Lines for a wait that failed: how far the guest had come, and what it said last. */
  readonly scene?: () => readonly string[];
}

type Answer = { finding: VmFinding } | { error: unknown } | undefined;

/** How many are kept: a guest may print reports for ever. */
const keptFindings = 500;

/**
 * What a VM's consoles reported, in the order it was found.
 *
 * @example
 * const report = vm.findings.next(/^KASAN: /);      // from now on it is expected
 * vm.console().sendLine("insmod broken.ko");
 * expect((await report).title).toContain("in demo_uaf");
 */
export class FindingJournal {
  readonly #findings: VmFinding[] = [];
  readonly #awaiting = new AwaitingList();
  readonly #waits: Waits;
  readonly #listeners: ((finding: VmFinding) => void)[] = [];
  readonly #defaultTimeoutMs: () => number;
  readonly #scene: () => readonly string[];
  /** Index of the next finding. */
  #count = 0;
  /** Index of the first finding that no wait took or passed. */
  #cursor = 0;
  #endReason: Error | undefined;
  #poisonReason: Error | undefined;

  constructor(options: FindingJournalOptions = {}) {
    this.#waits = new Waits(options.watcher);
    this.#defaultTimeoutMs = options.defaultTimeoutMs ?? (() => Number.POSITIVE_INFINITY);
    this.#scene = options.scene ?? (() => []);
  }

  /** What was found so far, expected or not: the last 500 of them. */
  all(): readonly VmFinding[] {
    return this.#findings;
  }

  /**
   * The next finding whose title has this text or matches; one that came before the call included, if no wait took or
   * passed it. A finding that somebody waits for is expected: it does not fail the VM, nor does what follows from it.
   *
   * Rejects with TimeoutError, with the reason why the VM is over, or with the signal's.
   */
  next(pattern?: string | RegExp, options: FindingWaitOptions = {}): Wait<VmFinding> {
    const title = `findings.next(${pattern === undefined ? "" : typeof pattern === "string" ? JSON.stringify(pattern) : pattern})`;
    const ms = timeoutMs(options.timeout, this.#defaultTimeoutMs);
    const { signal } = options;
    return this.#waits.start(title, (resolve, reject) => {
      this.#awaiting.add<NonNullable<Answer>>({
        answer: () => this.#answer(title, pattern, signal),
        late: () => ({ error: new TimeoutError(this.#timeoutMessage(title, ms)) }),
        settle: (known) => {
          if ("error" in known) return reject(known.error);
          this.#cursor = known.finding.index + 1;
          resolve(known.finding);
        },
        ...{ timeoutMs: ms, signal },
      });
    });
  }

  /** Called with every finding from now on. */
  listen(listener: (finding: VmFinding) => void): void {
    this.#listeners.push(listener);
  }

  /** Appends a finding and settles the wait for it, if there is one: then it was awaited. */
  record(found: Omit<VmFinding, "index">): { finding: VmFinding; wasAwaited: boolean } {
    const finding: VmFinding = { ...found, index: this.#count++ };
    this.#findings.push(finding);
    if (this.#findings.length > keptFindings) this.#findings.shift();
    this.#awaiting.update();
    for (const listener of this.#listeners) listener(finding);
    return { finding, wasAwaited: this.#cursor > finding.index };
  }

  /** No more findings will come: waits reject with the reason, unless the answer is there. */
  end(reason: Error): void {
    this.#endReason ??= reason;
    this.#awaiting.update();
  }

  /** The guest runs again after an end. */
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

  #answer(title: string, pattern: string | RegExp | undefined, signal: AbortSignal | undefined): Answer {
    if (this.#poisonReason) return { error: this.#poisonReason };
    if (signal?.aborted) return { error: signal.reason };
    const finding = this.#findings.find(
      ({ index, title: found }) => index >= this.#cursor && titleMatches(found, pattern),
    );
    if (finding || !this.#endReason) return finding && { finding };
    const [first = "", ...rest] = this.#endReason.message.split("\n");
    const message = [`${first} while waiting in ${title}`, ...rest, ...this.#history(), ...this.#scene()].join("\n");
    return { error: reasonWithContext(this.#endReason, message) };
  }

  #timeoutMessage(title: string, ms: number): string {
    return [`${title} did not come within ${showDuration(ms)}`, ...this.#history(), ...this.#scene()].join("\n");
  }

  #history(): string[] {
    if (this.#findings.length === 0) return ["nothing was found on any console"];
    return [
      "found so far:",
      ...this.#findings.slice(-10).map(({ console, title }) => `  ${console}: ${printable(title)}`),
    ];
  }
}

/** A title has that text, or matches; any title without a pattern. */
function titleMatches(title: string, pattern: string | RegExp | undefined): boolean {
  if (pattern === undefined) return true;
  return typeof pattern === "string" ? title.includes(pattern) : title.search(pattern) >= 0;
}
