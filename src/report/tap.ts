import { neutralise, oneLine, printable, tap } from "./escape.ts";
import { outsideTests } from "./failure-text.ts";
import { type Failure, fullName, type RunResult, type Subtest, type TestResult } from "./model.ts";
import { subtestName } from "./subtests.ts";

const nameLength = 1000;
const messageLength = 100_000;

/**
 * TAP 14 (https://testanything.org/tap-version-14-specification.html), a point per test and per failure outside
 * tests. Skips carry their reason; YAML diagnostics hold the message, place, time, attempts and traces.
 */
export function renderTap(run: RunResult): string {
  const points = [...run.tests.map(testPoint), ...outsideTests(run).map(errorPoint)];
  const lines = ["TAP version 14", `1..${points.length}`, ...points.flatMap((point, index) => point(index + 1))];
  return neutralise(`${lines.join("\n")}\n`);
}

/** A test point is numbered when its place is known. */
type Point = (number: number) => string[];

function testPoint(test: TestResult): Point {
  const name = tap(fullName(test), { maxLength: nameLength });
  const status = test.outcome === "failed" ? "not ok" : "ok";
  if (test.outcome === "skipped") {
    const reason = tap(test.skipReason || "no reason given", { maxLength: nameLength });
    return (number) => [`${status} ${number} - ${name} # SKIP ${reason}`];
  }
  const diagnostics = [
    ...messageLines(test.failures),
    ...place(test.failures[0], test.file),
    `duration_ms: ${Math.round(test.durationMs)}`,
    ...(test.outcome === "flaky" ? ["flaky: true"] : []),
    ...(test.attempts > 1 ? [`attempts: ${test.attempts}`] : []),
    ...(test.traces.length > 0 ? ["traces:", ...test.traces.map((path) => `  - ${quoted(path)}`)] : []),
  ];
  return (number) => [...nested(test), `${status} ${number} - ${name}`, ...yaml(diagnostics)];
}

/** The TAP that the test read, a subtest for each stream. */
function nested(test: TestResult): string[] {
  const { taps = [] } = test;
  if (taps.length === 0) return [];
  const isAllowed = test.outcome !== "failed";
  const points = taps.flatMap(({ title, problems = [], subtests, omitted = 0 }, index) => {
    const isGood = problems.length === 0 && subtests.every(({ outcome }) => outcome !== "failed");
    const diagnostics = [
      ...(problems.length > 0 ? ["problems:", ...problems.map((problem) => `  - ${quoted(problem)}`)] : []),
      ...(omitted > 0 ? [`omitted: ${omitted}`] : []),
    ];
    const line = `${isGood ? "ok" : "not ok"} ${index + 1} - ${tap(title, { maxLength: nameLength })}`;
    return [
      `# Subtest: ${tap(title, { maxLength: nameLength })}`,
      ...indented(level(subtests, isAllowed)),
      `${line}${!isGood && isAllowed ? allowed : ""}`,
      ...(diagnostics.length > 0 ? yaml(diagnostics) : []),
    ];
  });
  const name = tap(fullName(test), { maxLength: nameLength });
  return [`# Subtest: ${name}`, ...indented([`1..${taps.length}`, ...points])];
}

function level(subtests: readonly Subtest[], isAllowed: boolean): string[] {
  const points = subtests.flatMap((subtest, index) => {
    const { outcome, reason, diagnostics = [], durationMs, subtests: inner = [] } = subtest;
    const name = tap(subtestName(subtest), { maxLength: nameLength });
    const why = reason === undefined ? "" : ` ${tap(reason, { maxLength: nameLength })}`;
    const directive = { passed: "", failed: isAllowed ? allowed : "", skipped: ` # SKIP${why}`, todo: ` # TODO${why}` };
    const facts = [
      ...messageLines(diagnostics.length > 0 ? [{ message: diagnostics.join("\n") }] : []),
      ...(durationMs === undefined ? [] : [`duration_ms: ${durationMs}`]),
    ];
    return [
      ...(inner.length > 0 ? [`# Subtest: ${name}`, ...indented(level(inner, isAllowed || outcome === "todo"))] : []),
      `${outcome === "failed" ? "not ok" : "ok"} ${index + 1} - ${name}${directive[outcome]}`,
      ...(facts.length > 0 ? yaml(facts) : []),
    ];
  });
  return [`1..${subtests.length}`, ...points];
}

/** In a test that passed: it looked at what failed. */
const allowed = " # TODO failed, as the test allows";

const indented = (lines: readonly string[]) => lines.map((line) => (line ? `    ${line}` : ""));

function errorPoint(error: Failure): Point {
  const diagnostics = [...messageLines([error]), ...place(error, undefined)];
  return (number) => [`not ok ${number} - outside any test`, ...yaml(diagnostics)];
}

function yaml(lines: readonly string[]): string[] {
  return ["---", ...lines, "..."].map((line) => (line ? `  ${line}` : ""));
}

function messageLines(failures: readonly Failure[]): string[] {
  if (failures.length === 0) return [];
  const all = failures.map(({ message }) => message.trim()).join("\n\n");
  // Neutralised before it is quoted: an escape that is added to finished YAML could be read as one.
  const text = neutralise(printable(all, { maxLength: messageLength }));
  // A block scalar takes its indentation from its first line, so that must be neither empty nor indented.
  if (!/^\S/.test(text)) return [`message: ${JSON.stringify(text)}`];
  return ["message: |-", ...text.split("\n").map((line) => (line.trim() ? `  ${line}` : ""))];
}

function place(failure: Failure | undefined, testFile: string | undefined): string[] {
  const file = failure?.file ?? (failure && testFile);
  if (file === undefined) return [];
  return ["at:", `  file: ${quoted(file)}`, ...(failure?.line === undefined ? [] : [`  line: ${failure.line}`])];
}

/** JSON strings are YAML's double-quoted scalars (YAML 1.2 §1.3). */
const quoted = (text: string) => JSON.stringify(neutralise(oneLine(text, { maxLength: nameLength })));
