import { runDirVariable } from "../host/process.ts";
import { processesWith } from "../host/process-facts.ts";

/** The environment variable that marks what a run starts, down to its VMMs. */
export const runVariable = "PETRI_TEST_RUN";

/** VMM processes that a run has started and not ended. */
function leakedPids(runId: string): number[] {
  const vmms = new Set(processesWith(runDirVariable).map(({ pid }) => pid));
  return processesWith(runVariable)
    .filter(({ pid, value }) => value === runId && vmms.has(pid))
    .map(({ pid }) => pid);
}

/** Ends them; returns what there was, one sentence each. */
export function endLeaks(runId: string): string[] {
  return leakedPids(runId).map((pid) => {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended meanwhile, but later than its test.
    }
    return `a VMM process (${pid}) outlived its test; it has been killed`;
  });
}
