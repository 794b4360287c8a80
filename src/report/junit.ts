import { countRun, groupBy } from "./counts.ts";
import { xml, xmlAttribute } from "./escape.ts";
import { details, headline, outsideTests } from "./failure-text.ts";
import { type Failure, fullName, type RunResult, type TestResult } from "./model.ts";
import { type FlatSubtest, flatSubtests } from "./subtests.ts";

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
    tests: counts.tests + errors.length + flatSubtestsOf(run.tests).length,
    failures: counts.failed + flatSubtestsOf(run.tests).filter(isFailure).length,
    errors: errors.length,
    skipped: counts.skipped + flatSubtestsOf(run.tests).filter(isSkip).length,
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
  const subtests = flatSubtestsOf(tests);
  const head = attributes({
    name: file,
    tests: tests.length + subtests.length,
    failures: tests.filter((test) => test.outcome === "failed").length + subtests.filter(isFailure).length,
    errors: 0,
    skipped: tests.filter((test) => test.outcome === "skipped").length + subtests.filter(isSkip).length,
    time: seconds(tests.reduce((sum, test) => sum + test.durationMs, 0)),
    timestamp: run.startedAt,
  });
  return `  <testsuite${head}>\n${tests.map((test) => testCase(test) + subtestCases(test)).join("")}  </testsuite>\n`;
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

interface SubtestCase extends FlatSubtest {
  readonly test: TestResult;
}

function flatSubtestsOf(tests: readonly TestResult[]): SubtestCase[] {
  return tests.flatMap((test) => flatSubtests(test).map((flat) => ({ ...flat, test })));
}

/** Cases do not nest: a subtest follows its test, whose name it begins with. */
function subtestCases(test: TestResult): string {
  return flatSubtestsOf([test])
    .map((each) => {
      const { durationMs = 0 } = each.subtest;
      const name = `${fullName(test)} > ${each.name}`;
      const head = attributes({ name, classname: test.file, file: test.file, time: seconds(durationMs) });
      const told = subtestOutcome(each);
      return told === "" ? `    <testcase${head}/>\n` : `    <testcase${head}>${told}</testcase>\n`;
    })
    .join("");
}

function subtestOutcome(each: SubtestCase): string {
  const { outcome, reason = "", diagnostics = [] } = each.subtest;
  if (isFailure(each)) return problem("failure", [{ message: ["the subtest failed", ...diagnostics].join("\n") }]);
  if (outcome === "failed") return `<skipped${attributes({ message: "failed, as the test allows" })}/>`;
  if (outcome === "skipped") return `<skipped${attributes({ message: reason || "no reason given" })}/>`;
  return outcome === "todo" ? `<skipped${attributes({ message: `to do: ${reason || "no reason given"}` })}/>` : "";
}

const isFailure = ({ test, subtest }: SubtestCase) => subtest.outcome === "failed" && test.outcome === "failed";
const isSkip = (each: SubtestCase) => each.subtest.outcome !== "passed" && !isFailure(each);

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
