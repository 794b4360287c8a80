import { countRun, formatDuration, skipGroups } from "./counts.ts";
import { html, markdown } from "./escape.ts";
import { details as failureText } from "./failure-text.ts";
import { marks, matrixTable } from "./matrix-table.ts";
import { type Failure, fullName, type RunResult, type TestResult } from "./model.ts";
import { failedSubtestLines } from "./subtests.ts";

/** GitHub drops a step's whole summary when it is larger than 1 MiB; its own count is not ours to the byte. */
const maxBytes = 1_000_000;
const messageLength = 4000;
const nameLength = 300;

/** The job summary as GitHub Markdown: counts, failures, skip reasons, the table by VMM. */
export function renderSummary(run: RunResult): string {
  const failed = run.tests.filter((test) => test.outcome === "failed");
  const flaky = run.tests.filter((test) => test.outcome === "flaky");
  return bounded([
    totals(run),
    ...run.errors.map((error) => section("outside any test", [error], [])),
    ...failed.map((test) => section(fullName(test), test.failures, test.traces, failedSubtestLines(test))),
    ...list("Flaky: passed only when tried again", flaky),
    ...skipTable(run),
    ...vmmTable(run),
  ]);
}

function totals(run: RunResult): string {
  const { passed, failed, skipped, flaky, errors } = countRun(run);
  const parts = [`${passed} passed`, `${failed} failed`, `${skipped} skipped`];
  if (flaky > 0) parts.push(`${flaky} flaky`);
  if (errors > 0) parts.push(`${errors} outside any test`);
  if (run.interrupted) parts.push("interrupted");
  const isGood = failed === 0 && errors === 0 && !run.interrupted;
  return `### ${isGood ? marks.passed : marks.failed} Petri: ${parts.join(", ")} in ${formatDuration(run.durationMs)}\n`;
}

/** `<pre>` is raw HTML up to its end tag (CommonMark §4.6, kind 1); the blank line before it ends the outer block. */
function section(
  name: string,
  failures: readonly Failure[],
  traces: readonly string[],
  subtests: readonly string[] = [],
): string {
  const texts = failures.map((failure) => html(failureText(failure), { maxLength: messageLength }));
  if (subtests.length > 0) texts.push(html(subtests.join("\n"), { maxLength: messageLength }));
  const text = [...texts, ...traces.map((path) => html(`trace ${path}`))].join("\n\n");
  const title = `${marks.failed} ${markdown(name, { maxLength: nameLength })}`;
  return `<details open><summary>${title}</summary>\n\n<pre>${text}</pre>\n\n</details>\n`;
}

function list(title: string, tests: readonly TestResult[]): string[] {
  if (tests.length === 0) return [];
  const items = tests.map((test) => `- ${markdown(fullName(test), { maxLength: nameLength })}`);
  return [`#### ${title}\n\n${items.join("\n")}\n`];
}

function skipTable(run: RunResult): string[] {
  const groups = skipGroups(run.tests);
  if (groups.length === 0) return [];
  const rows = groups.map(({ reason, tests }) => [String(tests.length), markdown(reason, { maxLength: nameLength })]);
  return [`#### Skipped\n\n${table(["tests", "reason"], rows)}`];
}

function vmmTable(run: RunResult): string[] {
  const { columns, rows } = matrixTable(run.tests);
  if (rows.length === 0) return [];
  const head = ["test", ...columns.map((name) => markdown(name, { maxLength: 50 })), ""];
  const body = rows.map((row) => [
    markdown(`${row.title} [${row.variant}]`, { maxLength: nameLength }),
    ...row.cells.map((cell) => (cell ? marks[cell] : "")),
    row.disagrees ? "VMMs disagree" : "",
  ]);
  return [`#### By VMM\n\n${table(head, body)}`];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}

/** Sections are left out whole from the first that does not fit, and the reader is told. */
function bounded(sections: readonly string[]): string {
  const kept: string[] = [];
  let bytes = 0;
  for (const section of sections) {
    bytes += Buffer.byteLength(section) + 1;
    if (bytes > maxBytes) {
      kept.push(`… ${sections.length - kept.length} more sections: see the artifacts of this job.\n`);
      break;
    }
    kept.push(section);
  }
  return kept.join("\n");
}
