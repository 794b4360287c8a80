import { aroundEach, expect } from "vitest";
import { dieWithParent } from "../host/death-pact.ts";
import { runAttempt } from "./attempts.ts";
import { runVariable } from "./leak-check.ts";
import { matchers } from "./matchers/matchers.ts";
import { runContext } from "./run-context.ts";
import { holdSignals } from "./worker-signals.ts";

let isPrepared = false;

/** Puts Petri into a test file's run: around each of its tests, and on `expect`. */
export function installHooks(): void {
  const run = runContext();
  if (!isPrepared) {
    isPrepared = true;
    dieWithParent();
    holdSignals();
    process.env[runVariable] = run.runId;
  }
  // They return what vitest awaits without being promises (waiting-matcher.ts), which its types do not foresee.
  expect.extend(matchers as unknown as Parameters<typeof expect.extend>[0]);
  // Its own time has no limit: it waits for memory and images. Every part of its end is bounded.
  aroundEach(async (runTest, { task }) => await runAttempt(task, run, runTest), Number.POSITIVE_INFINITY);
}
