import { describeEvent } from "../power/describe.ts";
import type { PowerJournal } from "../power/journal.ts";
import type { CrashWatch } from "./crash-watch.ts";
import type { WatchedGuest } from "./watched-guest.ts";

interface Waiting {
  unawaited(): string[];
}

/** Events and failed programs that nobody looked at, waits nobody awaited, crashes that never came. */
export function looseEnds(
  power: PowerJournal,
  crashes: CrashWatch,
  guest: WatchedGuest,
  waiting: readonly Waiting[],
): string[] {
  const unseen = power.unacknowledged().filter((event) => !crashes.isExpected(event));
  return [
    ...unseen.map((event) => `nobody looked at: ${describeEvent(event)}`),
    ...waiting.flatMap((waits) => waits.unawaited().map((wait) => `never awaited: ${wait}`)),
    ...guest.ignoredFailures(),
    ...crashes.unmet().map((what) => `expected but never came: ${what}`),
  ];
}
