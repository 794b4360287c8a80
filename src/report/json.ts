import { toUSVString } from "node:util";
import { escapeJson } from "../trace/append.ts";
import { type Counts, countRun } from "./counts.ts";
import { neutralise } from "./escape.ts";
import type { Failure, RunResult, Subtest, TestResult } from "./model.ts";

/**
 * The JSON report, version 1. Later versions may add keys to it; removing or changing one makes version 2. Texts are
 * as the guest printed them, but for lone surrogates (U+FFFD).
 */
export interface JsonReport {
  readonly petriReport: 1;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly interrupted: boolean;
  /** `passed` includes `flaky`. */
  readonly counts: Counts;
  readonly tests: readonly TestResult[];
  readonly errors: readonly Failure[];
}

/** The report as JSON text with keys in a fixed order, ASCII where it could mislead a terminal or a CI log. */
export function renderJson(run: RunResult): string {
  const report: JsonReport = {
    petriReport: 1,
    startedAt: run.startedAt,
    durationMs: run.durationMs,
    interrupted: run.interrupted,
    counts: countRun(run),
    tests: run.tests.map(orderTest),
    errors: run.errors.map(orderFailure),
  };
  const json = JSON.stringify(report, (_, value) => (typeof value === "string" ? toUSVString(value) : value), 2);
  return `${neutralise(escapeJson(json), (char) => (char === "#" ? "\\u0023" : "\\u003a"))}\n`;
}

function orderTest(test: TestResult): TestResult {
  const { name, title, file, suite, cell, outcome, skipReason, durationMs, attempts } = test;
  const { failures, findings, taps, traces } = test;
  return {
    name,
    title,
    file,
    suite,
    ...(cell && {
      cell: {
        vmm: cell.vmm,
        boot: cell.boot,
        image: cell.image,
        ...(cell.accelerator !== undefined && { accelerator: cell.accelerator }),
      },
    }),
    outcome,
    ...(skipReason !== undefined && { skipReason }),
    durationMs,
    attempts,
    failures: failures.map(orderFailure),
    ...(findings && {
      findings: findings.map(({ title, type, console, offset }) => ({ title, type, console, offset })),
    }),
    ...(taps && {
      taps: taps.map(({ title, problems, subtests, omitted }) => ({
        title,
        ...(problems && { problems }),
        subtests: subtests.map(orderSubtest),
        ...(omitted !== undefined && { omitted }),
      })),
    }),
    traces,
  };
}

function orderSubtest({ number, name, outcome, reason, diagnostics, durationMs, subtests }: Subtest): Subtest {
  return {
    ...{ number, name, outcome },
    ...(reason !== undefined && { reason }),
    ...(diagnostics && { diagnostics }),
    ...(durationMs !== undefined && { durationMs }),
    ...(subtests && { subtests: subtests.map(orderSubtest) }),
  };
}

function orderFailure({ message, stack, file, line, column }: Failure): Failure {
  return {
    message,
    ...(stack !== undefined && { stack }),
    ...(file !== undefined && { file }),
    ...(line !== undefined && { line }),
    ...(column !== undefined && { column }),
  };
}
