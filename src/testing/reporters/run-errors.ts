import type { Failure, TestResult } from "../../report/model.ts";
import { detectionOf } from "../../vm/detection.ts";
import { missingReasons } from "../cell-support.ts";
import { belowFloor } from "../floor.ts";
import { endLeaks } from "../leak-check.ts";
import type { RunSession } from "../run-session.ts";

/** What is wrong with the run as a whole, though no test may say so. */
export function runErrors(session: RunSession, tests: readonly TestResult[], hasErrors: boolean): Failure[] {
  const { context, floor, mayBeEmpty } = session;
  const leaks = endLeaks(context.runId);
  if (session.interruption.signal.aborted) return failures(leaks);
  const ran = tests.filter((test) => test.outcome !== "skipped");
  return failures([
    ...leaks,
    ...context.filters.require.flatMap((vmm) =>
      missingReasons({ vmm }, detectionOf(vmm, context.detections)).map((reason) => `--require ${vmm}: ${reason}`),
    ),
    ...(floor ? belowFloor(floor, tests) : []),
    ...(ran.length === 0 && !mayBeEmpty && !hasErrors ? [nothingRan(tests.length)] : []),
  ]);
}

function nothingRan(skipped: number): string {
  if (skipped === 0) return "no test was found\n  name a file or folder of tests, or look at the filters";
  return `no test has run: ${skipped === 1 ? "the only one was" : `all ${skipped} were`} skipped, for the reasons above`;
}

function failures(messages: readonly string[]): Failure[] {
  return messages.map((message) => ({ message }));
}
