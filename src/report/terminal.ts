import { countRun, formatDuration, type SkipGroup, skipGroups } from "./counts.ts";
import { neutralise, oneLine, printable } from "./escape.ts";
import { evidence, headline, place } from "./failure-text.ts";
import { marks } from "./matrix-table.ts";
import { type Failure, fullName, type RunResult, type TestResult } from "./model.ts";
import { type Paint, painter } from "./paint.ts";
import { failedSubtestLines, subtestCounts } from "./subtests.ts";
import { terminalTable } from "./terminal-table.ts";
import { truncate, width } from "./text-width.ts";

export interface TerminalOptions {
  readonly color: boolean;
  /** The terminal's width; 120 where there is none. */
  readonly columns?: number;
}

const defaultColumns = 120;
const messageLength = 10_000;
const nameLength = 500;

/**
 * The end of a run. Tables and lists keep to `columns`; names, paths and evidence are left for the terminal to wrap,
 * because people copy them. Holds no control byte but newlines and, with colour, our own SGR sequences, and nothing
 * that a CI system would obey.
 */
export function renderTerminal(run: RunResult, options: TerminalOptions): string {
  const paint = painter(options.color);
  const columns = options.columns ?? defaultColumns;
  const failed = run.tests.filter((test) => test.outcome === "failed");
  const flaky = run.tests.filter((test) => test.outcome === "flaky");
  const sections = [
    ...failed.map((test) => failedTest(test, paint)),
    ...run.errors.map((error) => [paint.red(`${marks.failed} outside any test`), ...failureLines(error, paint)]),
    skipGroups(run.tests).flatMap((group) => skipLines(group, paint, columns)),
    flaky.flatMap((test) => flakyLines(test, paint)),
    terminalTable(run.tests, paint, columns),
    totals(run, paint),
  ];
  const shown = sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
  return neutralise(`${shown.join("\n\n")}\n`);
}

/** One finished test, as one line without its newline. A reason or message is cut to fit; the name is not. */
export function terminalLine(test: TestResult, options: TerminalOptions): string {
  const paint = painter(options.color);
  const name = oneLine(fullName(test), { maxLength: nameLength });
  const facts = [
    ...(test.outcome === "skipped" ? [] : [formatDuration(test.durationMs)]),
    ...(test.attempts > 1 ? [`${test.attempts} attempts`] : []),
    ...subtestCounts(test),
  ].join("  ");
  const more = [facts, ...detail(test)].filter((part) => part !== "").join("  ");
  const room = (options.columns ?? defaultColumns) - width(name) - 4;
  // A word or two of a reason says nothing; the end of the run has all of it.
  const tail = room >= facts.length + 12 ? truncate(more, room) : facts;
  return neutralise(`${markPaint(test, paint)(marks[test.outcome])} ${name}${tail && `  ${paint.dim(tail)}`}`);
}

function detail(test: TestResult): string[] {
  if (test.outcome === "skipped") return [oneLine(test.skipReason || "no reason given", { maxLength: nameLength })];
  return test.failures.slice(0, 1).map(shownHeadline);
}

function failedTest(test: TestResult, paint: Paint): string[] {
  const attempts = test.attempts > 1 ? `${test.attempts} attempts, ` : "";
  const name = oneLine(fullName(test), { maxLength: nameLength });
  return [
    `${paint.red(`${marks.failed} ${name}`)}  ${paint.dim(attempts + formatDuration(test.durationMs))}`,
    ...test.failures.flatMap((failure) => failureLines(failure, paint, test.file)),
    ...failedSubtestLines(test).map((line) => `  ${shownSubtestLine(line, paint)}`.trimEnd()),
    ...test.traces.map((path) => `  trace ${oneLine(path)}`),
  ];
}

function shownSubtestLine(line: string, paint: Paint): string {
  const text = printable(line, { maxLength: nameLength }).replaceAll("\n", "\\n");
  return text.startsWith(marks.failed) ? paint.red(text) : `  ${paint.dim("│")} ${text.trim()}`;
}

function failureLines(failure: Failure, paint: Paint, testFile?: string): string[] {
  const lines = printable(evidence(failure), { maxLength: messageLength }).split("\n");
  const at = place(failure, testFile);
  // Without a place in the test, the stack is all there is to go by.
  const stack = failure.line === undefined ? stackFrames(failure.stack) : [];
  return [
    `  ${paint.bold(shownHeadline(failure))}`,
    ...[...(lines.join("") ? lines : []), ...stack].map((line) => `  ${paint.dim("│")} ${line}`.trimEnd()),
    ...(at ? [`  at ${oneLine(at, { maxLength: nameLength })}`] : []),
  ];
}

const shownHeadline = (failure: Failure) => oneLine(headline(failure), { maxLength: messageLength });

function stackFrames(stack: string | undefined): string[] {
  const frames = printable(stack ?? "", { maxLength: messageLength }).split("\n");
  return frames.filter((line) => /^\s*at /.test(line)).slice(0, 6);
}

function skipLines({ reason, tests }: SkipGroup, paint: Paint, columns: number): string[] {
  const names = tests.map((test) => oneLine(fullName(test), { maxLength: nameLength }));
  let list = names[0] ?? "";
  let shown = 1;
  while (shown < names.length && width(`${list}, ${names[shown]}`) < columns - 18) list += `, ${names[shown++]}`;
  const rest = names.length > shown ? ` and ${names.length - shown} more` : "";
  return [
    `${marks.skipped} ${tests.length} skipped: ${oneLine(reason, { maxLength: 2000 })}`,
    paint.dim(`    ${truncate(list, columns - 4 - rest.length)}${rest}`),
  ];
}

function flakyLines(test: TestResult, paint: Paint): string[] {
  const name = oneLine(fullName(test), { maxLength: nameLength });
  return [
    `${paint.yellow(`${marks.flaky} flaky: ${name}`)}  ${paint.dim(`passed on attempt ${test.attempts}`)}`,
    ...test.failures.slice(0, 1).map((failure) => `    ${shownHeadline(failure)}`),
    ...test.traces.map((path) => `    trace ${oneLine(path)}`),
  ];
}

function totals(run: RunResult, paint: Paint): string[] {
  const { passed, failed, skipped, flaky, errors } = countRun(run);
  return [
    ...(run.interrupted ? [paint.yellow("interrupted: not every test has run")] : []),
    ...(errors > 0 ? [paint.red(errors === 1 ? "1 error outside any test" : `${errors} errors outside any test`)] : []),
    ...(flaky > 0 ? [paint.yellow(`${flaky} flaky, passed only when tried again`)] : []),
    // Alone and never coloured: scripts look for this line.
    `${passed} passed, ${failed} failed, ${skipped} skipped`,
    paint.dim(`in ${formatDuration(run.durationMs)}`),
  ];
}

function markPaint(test: TestResult, paint: Paint): (text: string) => string {
  return { passed: paint.green, failed: paint.red, flaky: paint.yellow, skipped: paint.dim }[test.outcome];
}
