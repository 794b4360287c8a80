import { marks } from "./matrix-table.ts";
import type { Subtest, TestResult } from "./model.ts";

/** How many failed subtests of one test are told where people read; the JSON report has them all. */
const shownFailures = 20;
const shownDiagnostics = 12;

/** A result with no results in it, or one that failed for a reason of its own. */
export interface FlatSubtest {
  /** From the stream on: `./t > sort > sorts words`. */
  readonly name: string;
  readonly subtest: Subtest;
}

/** The subtests of a test one by one: instead of those that have subtests, what is in them. */
export function flatSubtests(test: TestResult): FlatSubtest[] {
  return (test.taps ?? []).flatMap(({ title, subtests }) => flat(subtests, [title]));
}

function flat(subtests: readonly Subtest[], path: readonly string[]): FlatSubtest[] {
  return subtests.flatMap((subtest) => {
    const names = [...path, subtestName(subtest)];
    const inner = flat(subtest.subtests ?? [], names);
    const isOwn = inner.length === 0 || (subtest.outcome === "failed" && !inner.some(hasFailed));
    return [...inner, ...(isOwn ? [{ name: names.join(" > "), subtest }] : [])];
  });
}

export function subtestName({ number, name }: Subtest): string {
  return name.trim() === "" ? `${number}` : name;
}

/** `11 subtests`, `2 of 11 subtests failed`; nothing for a test without any. */
export function subtestCounts(test: TestResult): string[] {
  const all = flatSubtests(test);
  const omitted = (test.taps ?? []).reduce((sum, tap) => sum + (tap.omitted ?? 0), 0);
  const count = all.length + omitted;
  if (count === 0) return [];
  const failed = all.filter(hasFailed).length;
  if (failed === 0) return [count === 1 ? "1 subtest" : `${count} subtests`];
  return [`${failed} of ${count} subtests failed${test.outcome === "failed" ? "" : ", as the test allows"}`];
}

/** What failed in a test's subtests, a line each with its diagnostics below. Not escaped. */
export function failedSubtestLines(test: TestResult): string[] {
  const failed = flatSubtests(test).filter(hasFailed);
  const shown = failed.slice(0, shownFailures);
  const more = failed.length - shown.length;
  return [
    ...shown.flatMap(({ name, subtest }) => [
      `${marks.failed} ${name.replaceAll("\n", " ")}`,
      ...(subtest.diagnostics ?? []).slice(0, shownDiagnostics).map((line) => `    ${line}`),
    ]),
    ...(more > 0 ? [`${marks.failed} ${more} more subtests failed`] : []),
  ];
}

const hasFailed = ({ subtest }: FlatSubtest) => subtest.outcome === "failed";
