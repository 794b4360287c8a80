import type { RunnerTestCase } from "vitest";
import { UsageError } from "../machine/errors.ts";
import { Attempt } from "./attempt.ts";
import { failedVerdict, passedVerdict } from "./attempt-end.ts";
import type { RunContext } from "./run-context.ts";
import { at } from "./site.ts";
import { type PetriMeta, specOf, type TestSpec } from "./test-spec.ts";

/** A guest may print reports for ever. */
const reportedFindings = 100;

const current = new WeakMap<object, Attempt>();
const counts = new WeakMap<object, number>();
const vitestSignals = new WeakMap<object, AbortSignal>();

/** The attempt under way. Throws UsageError outside of one. */
export function attemptOf(task: object): Attempt {
  const attempt = current.get(task);
  if (attempt) return attempt;
  throw new UsageError("vm, guest and boot belong to tests made by vmTest()");
}

/**
 * Runs one attempt: gets what it needs, hands over to vitest, ends every VM whatever happened, and throws what vitest
 * does not know yet. An original failure stays first, because vitest appends.
 */
export async function runAttempt(task: RunnerTestCase, run: RunContext, runTest: () => Promise<void>): Promise<void> {
  const spec = specOf(task);
  if (!spec || task.result?.state === "skip") return await runTest();
  const attempt = begin(task, spec, run);
  const problems: Error[] = [];
  try {
    await attempt.open();
    await runTest();
  } catch (error) {
    // From open(): a PetriError or the signal's reason; runTest never rejects.
    problems.push(at(spec.site, error as Error));
  }
  problems.push(...(await attempt.close()));
  const failed = problems.length > 0 || task.result?.state === "fail";
  const isGood = task.fails === true ? failed : !failed;
  const verdict = () => (isGood ? passedVerdict : failedVerdict([...attempt.ownErrors(), ...problems][0]));
  record(task, attempt, attempt.settleTraces(!isGood, verdict));
  if (problems.length > 0) throw problems.length === 1 ? problems[0] : new AggregateError(problems);
}

function begin(task: RunnerTestCase, spec: TestSpec, run: RunContext): Attempt {
  const number = (counts.get(task) ?? 0) + 1;
  counts.set(task, number);
  const { context } = task;
  const vitestSignal = vitestSignals.get(task) ?? context.signal;
  vitestSignals.set(task, vitestSignal);
  const attempt = new Attempt({ task, spec, run, number, vitestSignal });
  current.set(task, attempt);
  // Tests see a signal of this attempt; vitest's own stays aborted for all retries after the first timeout of a hook.
  Object.defineProperty(context, "signal", { value: attempt.signal, configurable: true, writable: true });
  return attempt;
}

function record(task: RunnerTestCase, attempt: Attempt, dirs: readonly string[]): void {
  const meta: PetriMeta | undefined = task.meta.petri;
  if (!meta) return;
  meta.durationMs = (meta.durationMs ?? 0) + attempt.elapsedMs;
  if (dirs.length > 0) meta.traces = [...(meta.traces ?? []), ...dirs];
  const taps = attempt.taps();
  if (taps.length > 0) meta.taps = taps;
  else delete meta.taps;
  const findings = attempt.findings();
  if (findings.length > 0) meta.findings = [...(meta.findings ?? []), ...findings].slice(0, reportedFindings);
}
