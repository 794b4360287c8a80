import { countRun, groupBy } from "./counts.ts";
import { xml, xmlAttribute } from "./escape.ts";
import { details, headline, outsideTests } from "./failure-text.ts";
import { type Failure, fullName, type RunResult, type TestResult } from "./model.ts";

const textLength = 100_000;
const attributeLength = 2000;

/**
 * JUnit XML in the dialect of Maven Surefire (surefire-test-report.xsd), which Jenkins and GitLab read: a suite per
 * file, `<flakyFailure>` in a test that passed on retry, the cell as properties, and `[[ATTACHMENT|path]]` in
 * system-out for each trace. Failures outside tests are cases of a suite of their own.
 */
export function renderJunit(run: RunResult): string {
  const counts = countRun(run);
  const errors = outsideTests(run);
  const head = attributes({
    name: "petri",
    tests: counts.tests + errors.length,
    failures: counts.failed,
    errors: errors.length,
    skipped: counts.skipped,
    time: seconds(run.durationMs),
  });
  const suites = [...groupBy(run.tests, (test) => test.file)].map(([file, tests]) => suite(run, file, tests));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    `<testsuites${head}>\n`,
    ...suites,
    ...(errors.length > 0 ? [errorSuite(errors)] : []),
    "</testsuites>\n",
  ].join("");
}

function suite(run: RunResult, file: string, tests: readonly TestResult[]): string {
  const head = attributes({
    name: file,
    tests: tests.length,
    failures: tests.filter((test) => test.outcome === "failed").length,
    errors: 0,
    skipped: tests.filter((test) => test.outcome === "skipped").length,
    time: seconds(tests.reduce((sum, test) => sum + test.durationMs, 0)),
    timestamp: run.startedAt,
  });
  return `  <testsuite${head}>\n${tests.map(testCase).join("")}  </testsuite>\n`;
}

function testCase(test: TestResult): string {
  const place = test.failures.find((failure) => failure.line !== undefined);
  const head = attributes({
    name: fullName(test),
    classname: test.file,
    file: test.file,
    line: place?.line,
    time: seconds(test.durationMs),
  });
  const children = [...properties(test), ...outcome(test), ...attachments(test)].map((child) => `      ${child}\n`);
  return children.length === 0
    ? `    <testcase${head}/>\n`
    : `    <testcase${head}>\n${children.join("")}    </testcase>\n`;
}

function properties({ cell, attempts, findings = [] }: TestResult): string[] {
  const values = {
    "petri.vmm": cell?.vmm,
    "petri.boot": cell?.boot,
    "petri.image": cell?.image,
    "petri.accelerator": cell?.accelerator,
    "petri.attempts": attempts > 1 ? attempts : undefined,
  };
  const list = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`<property${attributes({ name, value })}/>`],
  );
  const reported = findings.flatMap(({ title, type, console, offset }, index) =>
    Object.entries({ title, type, console, offset }).map(
      ([name, value]) => `<property${attributes({ name: `petri.finding.${index + 1}.${name}`, value })}/>`,
    ),
  );
  list.push(...reported);
  return list.length === 0 ? [] : [`<properties>${list.join("")}</properties>`];
}

function outcome(test: TestResult): string[] {
  switch (test.outcome) {
    case "passed":
      return [];
    case "skipped":
      return [`<skipped${attributes({ message: test.skipReason || "no reason given" })}/>`];
    case "failed":
      // One element however many failures: readers look at the first only.
      return [problem("failure", test.failures)];
    case "flaky":
      return test.failures.map((failure) => {
        const head = attributes({ message: headline(failure), type: "failure" });
        return `<flakyFailure${head}><stackTrace>${xml(details(failure), { maxLength: textLength })}</stackTrace></flakyFailure>`;
      });
  }
}

function attachments({ traces }: TestResult): string[] {
  if (traces.length === 0) return [];
  const lines = traces.map((path) => `[[ATTACHMENT|${xml(path.replace(/[\r\n]+/g, " "))}]]`);
  return [`<system-out>${lines.join("\n")}</system-out>`];
}

function errorSuite(errors: readonly Failure[]): string {
  const cases = errors.map(
    (error, index) =>
      `    <testcase${attributes({ name: `error ${index + 1} outside any test`, classname: "petri" })}>` +
      `${problem("error", [error])}</testcase>\n`,
  );
  const head = attributes({ name: "petri run", tests: cases.length, failures: 0, errors: cases.length, skipped: 0 });
  return `  <testsuite${head}>\n${cases.join("")}  </testsuite>\n`;
}

function problem(element: "failure" | "error", failures: readonly Failure[]): string {
  const message = failures[0] ? headline(failures[0]) : "failed without a message";
  const text = xml(failures.map(details).join("\n\n"), { maxLength: textLength });
  return `<${element}${attributes({ message, type: element })}>${text}</${element}>`;
}

function attributes(values: Record<string, string | number | undefined>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${xmlAttribute(String(value), { maxLength: attributeLength })}"`)
    .join("");
}

const seconds = (ms: number) => (ms / 1000).toFixed(3);
