import type { ConsoleName } from "../machine/machine.ts";
import type { PowerEvent } from "../power/event.ts";
import { Waits } from "../power/wait.ts";
import type { WaitWatcher } from "../power/wait-watcher.ts";
import type { ByteSource } from "./byte-source.ts";
import { type Clock, realClock } from "./clock.ts";
import type { WaitObserver } from "./wait-record.ts";

/** A wait that has not settled. */
export interface Waiting {
  /** Its turn has come. */
  begin(): void;
  /** There are more bytes. */
  advance(): void;
  /** No more bytes will come. */
  end(): void;
  fail(reason: unknown): void;
}

/** What a console's cursors and their waits share. */
export class ConsoleState {
  readonly name: ConsoleName;
  readonly source: ByteSource;
  readonly defaultTimeoutMs: () => number;
  readonly describe: () => string | undefined;
  readonly clock: Clock;
  readonly observe: WaitObserver | undefined;
  readonly waits: Waits;
  /** Waits that have not settled, those whose turn has not come included. */
  readonly waiting = new Set<Waiting>();
  /** When bytes last came, on the clock. */
  lastAdvance: number;
  endReason: Error | undefined;
  /** True if the guest's output came to its end, rather than the means to see it. */
  endedInOrder = true;
  poisonReason: Error | undefined;

  constructor(options: {
    name: ConsoleName;
    source: ByteSource;
    defaultTimeoutMs: () => number;
    describe?: () => string | undefined;
    observe?: WaitObserver;
    clock?: Clock;
    watcher?: WaitWatcher | undefined;
  }) {
    this.waits = new Waits(options.watcher);
    this.name = options.name;
    this.source = options.source;
    this.defaultTimeoutMs = options.defaultTimeoutMs;
    this.describe = options.describe ?? (() => undefined);
    this.observe = options.observe;
    this.clock = options.clock ?? realClock;
    this.lastAdvance = this.clock.now();
  }

  /** Where this console stood when the event happened; it had printed nothing if the event does not say. */
  offsetOf(event: PowerEvent): number {
    return event.offsets[this.name] ?? 0;
  }
}
