import type { RunResult, TestResult } from "./model.ts";

/** What a run came to. A flaky test passed in the end: it counts as passed, and again as flaky. */
export interface Counts {
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly flaky: number;
  /** Failures outside tests. */
  readonly errors: number;
}

export function countRun(run: RunResult): Counts {
  const by = (outcome: TestResult["outcome"]) => run.tests.filter((test) => test.outcome === outcome).length;
  const flaky = by("flaky");
  return {
    tests: run.tests.length,
    passed: by("passed") + flaky,
    failed: by("failed"),
    skipped: by("skipped"),
    flaky,
    errors: run.errors.length,
  };
}

export interface SkipGroup {
  readonly reason: string;
  readonly tests: readonly TestResult[];
}

/** Skipped tests by reason, the most frequent first, else in order of appearance. */
export function skipGroups(tests: readonly TestResult[]): SkipGroup[] {
  const skipped = tests.filter((test) => test.outcome === "skipped");
  return [...groupBy(skipped, (test) => test.skipReason || "no reason given")]
    .map(([reason, group]) => ({ reason, tests: group }))
    .sort((a, b) => b.tests.length - a.tests.length);
}

/** Groups in order of appearance. */
export function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** `812ms`, `12.3s`, `2m05s`. */
export function formatDuration(ms: number): string {
  if (Math.round(ms) < 1000) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
}
