import { toUSVString } from "node:util";
import fc from "fast-check";
import { Parser } from "tap-parser";
import { expect, test } from "vitest";
import { renderAnnotations } from "./annotations.ts";
import { outsideTests } from "./failure-text.ts";
import { renderJson } from "./json.ts";
import { renderJunit } from "./junit.ts";
import { matrixTable } from "./matrix-table.ts";
import type { ReportedTap, RunResult, Subtest, TestResult } from "./model.ts";
import { painter } from "./paint.ts";
import { flatSubtests } from "./subtests.ts";
import { renderSummary } from "./summary.ts";
import { renderTap } from "./tap.ts";
import { renderTerminal, terminalLine } from "./terminal.ts";
import { terminalTable } from "./terminal-table.ts";
import { width } from "./text-width.ts";

/** Pieces that mean something to some reader of a report, and whatever else there is. */
const piece = fc.oneof(
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...["\u001b[", "\u001b]0;", "\u009b", "\u0007", "\u0000", "\ud800", "\udc00", "\u200d", "\u0300", "\u202e"],
      ...["\n", "\r", "\r\n", "\t", " ", "\u00a0", "\u0085", "\u2028", "\ufffe", "m", "1", "漢", "💥"],
      ...["::", ":", "error ", "add-mask", "##[", "##vso[", "##teamcity[", "#", "[", "]", "%0A", "%", ","],
      ...["<", ">", "&", '"', "'", "]]>", "<!--", "-->", "<script>", "</pre>", "</details>", "|", "`", "_", "\\"],
      ...[
        "# SKIP ",
        "# TODO",
        "ok 1",
        "not ok",
        "1..0",
        "Bail out!",
        "{",
        "}",
        "---",
        "...",
        "  ---",
        "pragma +strict",
      ],
    ),
  },
);
const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const failure = fc
  .record({
    message: text,
    stack: optional(text),
    file: optional(text),
    line: optional(fc.nat()),
    column: optional(fc.nat()),
  })
  .map(defined);
const cell = fc.record({ vmm: text, boot: text, image: text, accelerator: optional(text) }).map(defined);
const finding = fc.record({ title: text, type: text, console: text, offset: fc.nat() });
const subtest = (depth: number): fc.Arbitrary<Subtest> =>
  fc
    .record({
      number: fc.nat(),
      name: text,
      outcome: fc.constantFrom("passed", "failed", "skipped", "todo"),
      reason: optional(text),
      diagnostics: optional(fc.array(text, { maxLength: 3 })),
      durationMs: optional(fc.nat()),
      subtests:
        depth === 0 ? fc.constant(undefined) : optional(fc.array(subtest(depth - 1), { minLength: 1, maxLength: 2 })),
    })
    .map(defined);
const reportedTap: fc.Arbitrary<ReportedTap> = fc
  .record({
    title: text,
    problems: optional(fc.array(text, { minLength: 1, maxLength: 2 })),
    subtests: fc.array(subtest(2), { maxLength: 3 }),
    omitted: optional(fc.integer({ min: 1 })),
  })
  .map(defined);
const testResult: fc.Arbitrary<TestResult> = fc
  .record({
    name: text,
    title: text,
    file: text,
    suite: fc.array(text, { maxLength: 2 }),
    cell: optional(cell),
    outcome: fc.constantFrom("passed", "failed", "skipped", "flaky"),
    skipReason: optional(text),
    durationMs: fc.double({ min: 0, max: 1e10, noNaN: true }),
    attempts: fc.integer({ min: 1, max: 4 }),
    failures: fc.array(failure, { maxLength: 2 }),
    findings: optional(fc.array(finding, { maxLength: 2 })),
    taps: optional(fc.array(reportedTap, { minLength: 1, maxLength: 2 })),
    traces: fc.array(text, { maxLength: 2 }),
  })
  .map(defined);
const run: fc.Arbitrary<RunResult> = fc.record({
  startedAt: text,
  durationMs: fc.nat(),
  tests: fc.array(testResult, { maxLength: 6 }),
  errors: fc.array(failure, { maxLength: 2 }),
  interrupted: fc.boolean(),
});

/** Without the keys that are undefined: the model has none. */
function defined<T extends object>(value: T) {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** Every line as GitHub's runner, Azure and TeamCity look for commands. */
function expectNoCommands(output: string) {
  for (const line of output.split("\n")) {
    const seen = line.replace(/[\p{M}\p{DI}]|\u001b\[\d+m/gu, "");
    expect(seen.trimStart().startsWith("::"), line).toBe(false);
    expect(seen).not.toMatch(/##(vso|teamcity)?\[/);
  }
}

test("the terminal gets no control byte but newlines and our own colours, and CI no command", () => {
  fc.assert(
    fc.property(run, fc.boolean(), fc.integer({ min: 40, max: 200 }), (result, color, columns) => {
      const options = { color, columns };
      const lines = result.tests.map((each) => terminalLine(each, options));
      for (const line of lines) expect(line).not.toContain("\n");
      const output = renderTerminal(result, options) + lines.join("\n");
      const plain = color ? output.replace(/\u001b\[(0|1|2|31|32|33)m/g, "") : output;
      expect(plain).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expectNoCommands(output);
      const passed = result.tests.filter(({ outcome }) => outcome === "passed" || outcome === "flaky").length;
      expect(output).toMatch(new RegExp(`^${passed} passed, \\d+ failed, \\d+ skipped$`, "m"));
    }),
  );
});

test("the table fits the terminal", () => {
  fc.assert(
    fc.property(fc.array(testResult, { maxLength: 8 }), fc.integer({ min: 60, max: 200 }), (tests, columns) => {
      for (const line of terminalTable(tests, painter(false), columns)) {
        expect(width(line)).toBeLessThanOrEqual(columns);
      }
    }),
  );
});

test("JSON holds every text exactly, but for lone surrogates", () => {
  fc.assert(
    fc.property(run, (result) => {
      const output = renderJson(result);
      const { tests, errors } = JSON.parse(output);
      const wellFormed = JSON.parse(JSON.stringify({ tests: result.tests, errors: result.errors }), (_, value) =>
        typeof value === "string" ? toUSVString(value) : value,
      );
      expect({ tests, errors }).toEqual(wellFormed);
      expect(output).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expectNoCommands(output);
    }),
  );
});

test("TAP parses back to as many points with the same outcome, and holds nothing else", () => {
  fc.assert(
    fc.property(run, (result) => {
      const output = renderTap(result);
      const points: unknown[] = [];
      const strays: unknown[] = [];
      const inner: string[] = [];
      const look = (events: ReturnType<typeof Parser.parse>, depth: number) => {
        for (const [event, detail] of events) {
          if (event === "assert" && depth === 0) points.push([detail.ok, Boolean(detail.skip), Boolean(detail.todo)]);
          else if (event === "assert") inner.push(detail.name);
          else if (event === "child") look(detail, depth + 1);
          else if (event === "extra" || event === "bailout") strays.push(detail);
          else if (event === "comment" && !/^# Subtest: /.test(detail)) strays.push(detail);
        }
      };
      look(Parser.parse(output), 0);
      expect(points).toEqual([
        ...result.tests.map(({ outcome }) => [outcome !== "failed", outcome === "skipped", false]),
        ...outsideTests(result).map(() => [false, false, false]),
      ]);
      expect(strays).toEqual([]);
      const ran = result.tests.filter(({ outcome }) => outcome !== "skipped");
      expect(inner).toHaveLength(ran.reduce((sum, { taps = [] }) => sum + nestedPoints(taps), 0));
      expectNoCommands(output);
    }),
  );
});

/** One for each stream, and for each result however deep. */
function nestedPoints(taps: readonly ReportedTap[]): number {
  const all = (subtests: readonly Subtest[]): number =>
    subtests.reduce((sum, each) => sum + 1 + all(each.subtests ?? []), 0);
  return taps.reduce((sum, { subtests }) => sum + 1 + all(subtests), 0);
}

test("a skip reason and a message come out of TAP as they went in", () => {
  const reason = "needs #1 \\ of 2 # really";
  const message = "expected a\n  got: b # c\n\nlast lines:\n...";
  const base = { title: "t", file: "f", suite: [], durationMs: 1, attempts: 1, traces: [] };
  const output = renderTap({
    startedAt: "",
    durationMs: 1,
    errors: [],
    interrupted: false,
    tests: [
      { ...base, name: "a # b \\ {", outcome: "skipped", skipReason: reason, failures: [] },
      { ...base, name: "t", outcome: "failed", failures: [{ message }] },
    ],
  });
  const asserts = Parser.parse(output).flatMap(([event, detail]) => (event === "assert" ? [detail] : []));
  expect(asserts[0]).toMatchObject({ name: "a # b \\ \\x7b", skip: reason });
  expect(asserts[1]).toMatchObject({ diag: { message, at: { file: "f" } } });
});

test("JUnit is well-formed XML 1.0 with as many cases", () => {
  fc.assert(
    fc.property(run, (result) => {
      const output = renderJunit(result);
      const count = elementCounts(output);
      const errors = outsideTests(result).length;
      const subtests = result.tests.flatMap((each) =>
        flatSubtests(each).map(({ subtest: { outcome } }) => {
          return outcome === "failed" ? (each.outcome === "failed" ? "failed" : "skipped") : outcome;
        }),
      );
      const outcomes = [...result.tests.map(({ outcome }) => outcome), ...subtests];
      expect(count("testcase")).toBe(outcomes.length + errors);
      expect(count("error")).toBe(errors);
      expect(count("failure")).toBe(outcomes.filter((outcome) => outcome === "failed").length);
      expect(count("skipped")).toBe(outcomes.filter((outcome) => outcome === "skipped" || outcome === "todo").length);
      expect(output).toContain(` tests="${outcomes.length + errors}" failures="${count("failure")}"`);
      expectNoCommands(output);
    }),
  );
});

/** Checks XML 1.0 well-formedness, as far as reports use it, and counts elements. */
function elementCounts(document: string): (name: string) => number {
  const token =
    /<\?xml [^?]*\?>|<(?<open>[A-Za-z-]+)(?: [A-Za-z]+="(?:[^<&"]|&(?:[a-z]+|#\d+);)*")*(?<empty>\/?)>|<\/(?<close>[A-Za-z-]+)>|(?:[^<&]|&(?:amp|lt|gt|quot|apos|#\d+);)+/gy;
  expect(document).not.toMatch(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|\]\]>/u);
  const open: string[] = [];
  const counts = new Map<string, number>();
  let end = 0;
  for (const match of document.matchAll(token)) {
    expect(match.index).toBe(end);
    end += match[0].length;
    const name = match.groups?.open;
    if (name !== undefined) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (match.groups?.empty !== "/") open.push(name);
    } else if (match.groups?.close !== undefined) expect(open.pop()).toBe(match.groups.close);
  }
  expect(end).toBe(document.length);
  expect(open).toEqual([]);
  return (name) => counts.get(name) ?? 0;
}

test("annotations are our own commands, one a line, at most ten of a level", () => {
  fc.assert(
    fc.property(run, (result) => {
      const lines = renderAnnotations(result).split("\n").slice(0, -1);
      const property = "(file|line|col|title)=[^,:\\p{Cc}]*";
      for (const line of lines) {
        expect(line).toMatch(new RegExp(`^::(error|warning) (${property},)*${property}::\\P{Cc}+$`, "u"));
      }
      const failures = result.tests.reduce((sum, { outcome, failures: list }) => {
        return sum + (outcome === "failed" ? list.length : 0);
      }, outsideTests(result).length);
      const errors = lines.filter((line) => line.startsWith("::error"));
      expect(errors).toHaveLength(Math.min(10, failures));
    }),
  );
});

test("the job summary holds no markup but ours, and a table row for each row", () => {
  fc.assert(
    fc.property(run, (result) => {
      const output = renderSummary(result);
      const markup = /<(details open|\/?summary|\/?code|\/?pre|\/details)>/g;
      expect(output.replace(markup, "")).not.toMatch(/[<>]/);
      const { rows, columns } = matrixTable(result.tests);
      const table = output.split("#### By VMM\n")[1]?.trim().split("\n") ?? [];
      expect(table).toHaveLength(rows.length === 0 ? 0 : rows.length + 2);
      for (const row of table) expect(row.split("|")).toHaveLength(columns.length + 4);
      expectNoCommands(output);
    }),
  );
});

test("a message of any one character takes no more than linear time", () => {
  for (const char of [
    "\r",
    "\n",
    " ",
    "#",
    ":",
    "{",
    "&",
    "[",
    "\u001b",
    "\u009d",
    "\u001b]",
    "\u0300",
    "#\u0300",
    "A",
  ]) {
    const message = char.repeat(1 << 18);
    const hostile: TestResult = {
      ...{ name: message, title: message, file: message, suite: [], durationMs: 1, attempts: 1, traces: [message] },
      outcome: "failed",
      failures: [{ message: `x\n${message}x` }],
    };
    const result: RunResult = { startedAt: "", durationMs: 1, tests: [hostile], errors: [], interrupted: false };
    for (const render of [renderJson, renderJunit, renderTap, renderAnnotations, renderSummary]) render(result);
    renderTerminal(result, { color: true });
  }
}, 60_000);
