import { workflowData, workflowProperty } from "./escape.ts";
import { details, outsideTests } from "./failure-text.ts";
import { type Failure, fullName, type RunResult, type TestResult } from "./model.ts";
import { failedSubtestLines } from "./subtests.ts";

/** GitHub shows no more than this of each level for one step (docs: "Workflow commands", "Problem matchers: limits"). */
const perLevel = 10;
const messageLength = 4000;
const titleLength = 250;

/**
 * GitHub workflow commands: an error per failure, a warning per flaky test, at the line of the test where it is
 * known. To be printed as they are; empty when all went well.
 */
export function renderAnnotations(run: RunResult): string {
  const errors = [
    ...run.tests.flatMap((test) =>
      test.outcome === "failed"
        ? test.failures.map((failure, index) =>
            command(
              "error",
              fullName(test),
              index === 0 ? withSubtests(failure, test) : failure,
              test.file,
              test.traces,
            ),
          )
        : [],
    ),
    ...outsideTests(run).map((failure) => command("error", "outside any test", failure)),
  ];
  const warnings = run.tests.flatMap((test) => {
    const [failure] = test.failures;
    if (test.outcome !== "flaky") return [];
    const shown = failure ?? { message: `passed on attempt ${test.attempts}` };
    return [command("warning", `flaky: ${fullName(test)}`, shown, test.file, test.traces)];
  });
  return [...limit("error", errors), ...limit("warning", warnings)].map((line) => `${line}\n`).join("");
}

/** One annotation, however many subtests failed: GitHub shows few. */
function withSubtests(failure: Failure, test: TestResult): Failure {
  const lines = failedSubtestLines(test);
  return lines.length === 0 ? failure : { ...failure, message: [failure.message, ...lines].join("\n") };
}

function command(
  level: "error" | "warning",
  title: string,
  failure: Failure,
  testFile?: string,
  traces: readonly string[] = [],
): string {
  const file = failure.file ?? testFile;
  const properties = [
    ...(file === undefined ? [] : [`file=${workflowProperty(file, { maxLength: 1000 })}`]),
    ...(failure.line === undefined ? [] : [`line=${failure.line}`]),
    ...(failure.column === undefined ? [] : [`col=${failure.column}`]),
    `title=${workflowProperty(title, { maxLength: titleLength })}`,
  ];
  const message = workflowData(details({ message: failure.message }), { maxLength: messageLength });
  return `::${level} ${properties.join(",")}::${[message, ...traces.map((path) => workflowData(`trace ${path}`))].join("%0A")}`;
}

/** The last one allowed tells how many are missing. */
function limit(level: "error" | "warning", commands: readonly string[]): string[] {
  if (commands.length <= perLevel) return [...commands];
  const shown = commands.slice(0, perLevel - 1);
  const more = commands.length - shown.length;
  return [...shown, `::${level} title=more::${more} more like these: see the job summary or the end of the log`];
}
