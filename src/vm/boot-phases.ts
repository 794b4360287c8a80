import type { BootPhase } from "../console/phases/phase.ts";
import type { ResolvedImage } from "../image/recipe.ts";
import type { Machine } from "../machine/machine.ts";
import type { Wait, Waits } from "../power/wait.ts";
import { elapsed } from "../trace/append.ts";
import type { UntimedEvent } from "../trace/event.ts";
import type { ConsoleSet } from "./console-set.ts";
import { type PhaseRecord, PhaseTracker } from "./phase-tracker.ts";
import type { ProgressWatch } from "./progress-watch.ts";
import { Reaches, type ReachOptions } from "./reach.ts";

export interface BootPhasesParts {
  readonly machine: Machine;
  readonly image?: ResolvedImage | undefined;
  readonly consoles: ConsoleSet;
  readonly progress: ProgressWatch;
  readonly defaultTimeoutMs: () => number;
  readonly trace: { readonly clockStart: bigint };
}

/** The boots of one VM, phase by phase: kept, written into the trace, and waited for. */
export class BootPhases {
  readonly #tracker: PhaseTracker;
  readonly #reaches: Reaches;
  readonly #listeners: ((phase: PhaseRecord) => void)[] = [];
  readonly #now: () => number;

  constructor(parts: BootPhasesParts, waits: Waits, note: (event: UntimedEvent, t: number) => void) {
    const { machine, image, consoles, progress, defaultTimeoutMs, trace } = parts;
    this.#now = () => elapsed(trace.clockStart);
    this.#tracker = new PhaseTracker({
      consoles,
      names: consoles.names,
      ready: image?.ready && new RegExp(image.ready.source, image.ready.flags),
      startsInFirmware: machine.boot.kind !== "kernel",
      now: this.#now,
      onPhase: (record) => {
        const { phase, boot, console, offset, evidence } = record;
        const place = console === undefined || offset === undefined ? {} : { console, offset };
        note({ kind: "phase", phase, boot, ...place, evidence }, record.at);
        progress.progress();
        this.#reaches.update();
        for (const listener of this.#listeners) listener(record);
      },
    });
    this.#reaches = new Reaches({
      ...{ tracker: this.#tracker, waits, now: this.#now, defaultTimeoutMs },
      said: () => consoles.names.flatMap((name) => consoles.lastLines(name)),
    });
    consoles.context = () => this.describe();
  }

  get records(): readonly PhaseRecord[] {
    return this.#tracker.records;
  }

  get current(): PhaseRecord | undefined {
    return this.#tracker.current;
  }

  reach(phase: BootPhase, options: ReachOptions): Wait<PhaseRecord> {
    return this.#reaches.reach(phase, options);
  }

  listen(listener: (phase: PhaseRecord) => void): void {
    this.#listeners.push(listener);
  }

  /** A boot begins, now unless told: what the consoles print from here on belongs to it. */
  begin(at: number = this.#now()): void {
    this.#tracker.begin(at, "the machine starts at its firmware's reset vector");
    this.#reaches.update();
  }

  /** The VM leaves its reset vector, or goes on after a pause. */
  resumed(): void {
    if (this.#tracker.boot === 0) this.begin();
  }

  /** One line of context for failures: `in phase kernel for 3.2 s`. */
  describe(): string | undefined {
    return this.#tracker.describe();
  }

  end(reason: Error): void {
    this.#reaches.end(reason);
  }

  reopen(): void {
    this.#reaches.reopen();
  }

  poison(reason: Error): void {
    this.#reaches.poison(reason);
  }
}
