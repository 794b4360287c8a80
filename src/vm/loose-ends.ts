import { describeEvent } from "../power/describe.ts";
import type { PowerJournal } from "../power/journal.ts";
import type { CrashWatch } from "./crash-watch.ts";

interface Failing {
  ignoredFailures(): string[];
}

interface Waiting {
  unawaited(): string[];
}

/** Events, failed programs and failed results that nobody looked at, waits nobody awaited, crashes that never came. */
export function looseEnds(
  power: PowerJournal,
  crashes: CrashWatch,
  failing: readonly Failing[],
  waiting: readonly Waiting[],
): string[] {
  const unseen = power.unacknowledged().filter((event) => !crashes.isExpected(event));
  return [
    ...unseen.map((event) => `nobody looked at: ${describeEvent(event)}`),
    ...waiting.flatMap((waits) => waits.unawaited().map((wait) => `never awaited: ${wait}`)),
    ...failing.flatMap((each) => each.ignoredFailures()),
    ...crashes.unmet().map((what) => `expected but never came: ${what}`),
  ];
}
