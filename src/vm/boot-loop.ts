import { NoProgress } from "../machine/errors.ts";
import type { PowerEvent } from "../power/event.ts";
import { showDuration } from "../power/wait.ts";
import { type CrashScene, surroundings } from "./crash-message.ts";
import type { ProgressWatch } from "./progress-watch.ts";

/** More restarts in a row than any firmware, installer or update needs. */
const usualRestarts = 10;

export interface BootLoopOptions {
  /** How many restarts in a row may come to nothing; 10 if absent. */
  readonly atMost?: number | undefined;
  /** What is waited for now, and how many waits were met. */
  readonly progress: Pick<ProgressWatch, "waits" | "met">;
  readonly scene: CrashScene;
}

/**
 * Counts the restarts in which nothing comes of anybody's wait: a guest that boots into the same failure again and again
 * is always busy, and would otherwise be waited for until the test's time is up.
 */
export class BootLoop {
  private readonly options: BootLoopOptions;
  private row: PowerEvent[] = [];
  private met = 0;

  constructor(options: BootLoopOptions) {
    this.options = options;
  }

  /** The guest gets on, says who knows better. */
  progressed(): void {
    this.row = [];
  }

  /** The guest starts again because of this event. The error if that was once too often. */
  restarted(event: PowerEvent): NoProgress | undefined {
    const { atMost = usualRestarts, progress, scene } = this.options;
    if (progress.met !== this.met) this.row = [];
    this.met = progress.met;
    const awaited = progress.waits;
    if (awaited.length === 0) return undefined;
    this.row.push(event);
    if (this.row.length <= atMost) return undefined;
    const [first = event] = this.row;
    const time = showDuration((event.at - first.at) / 1e6);
    return new NoProgress(
      [
        `the guest is in a boot loop: ${this.row.length} restarts in ${time}, and nothing came of ${awaited.join(", ")}`,
        ...counted(this.row),
        ...surroundings(scene, "com1"),
        `If it is meant to restart so often, say so: restartsAtMost: ${2 * this.row.length}, or vm.power.allow("${event.kind}").`,
      ].join("\n"),
    );
  }
}

/** `11 × reset (cf9)` */
function counted(events: readonly PowerEvent[]): string[] {
  const counts = new Map<string, number>();
  for (const { kind, cause } of events) {
    const what = `${kind} (${cause})`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].map(([what, count]) => `  ${count} × ${what}`);
}
