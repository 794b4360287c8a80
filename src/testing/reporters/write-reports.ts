import { appendFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { renderAnnotations } from "../../report/annotations.ts";
import { renderJson } from "../../report/json.ts";
import { renderJunit } from "../../report/junit.ts";
import type { RunResult } from "../../report/model.ts";
import { renderSummary } from "../../report/summary.ts";
import { renderTap } from "../../report/tap.ts";

const files = { "results.json": renderJson, "junit.xml": renderJunit, "results.tap": renderTap };

/**
 * Writes the reports into the run's folder and tells a GitHub job of it. Returns what is to be printed: where they are,
 * and GitHub's annotations. A report that cannot be written is told, too; it is no reason to lose the others.
 */
export function writeReports(run: RunResult, dir: string, env: NodeJS.ProcessEnv = process.env): string {
  const problems = Object.entries(files).flatMap(([name, render]) =>
    problemOf(() => writeFileSync(join(dir, name), render(run))),
  );
  const summary = env.GITHUB_STEP_SUMMARY;
  if (summary) problems.push(...problemOf(() => appendFileSync(summary, renderSummary(run))));
  const annotations = env.GITHUB_ACTIONS === "true" ? renderAnnotations(run).trimEnd() : "";
  return [annotations, `reports and traces: ${near(dir)}`, ...problems].filter((line) => line !== "").join("\n");
}

function problemOf(write: () => void): string[] {
  try {
    write();
    return [];
  } catch (error) {
    return [`a report is missing: ${(error as Error).message}`];
  }
}

/** Relative to the working folder where that is the shorter way to say it. */
export function near(dir: string): string {
  const path = relative(process.cwd(), dir);
  return path.startsWith("..") ? dir : path;
}
