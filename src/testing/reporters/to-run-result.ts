import { relative } from "node:path";
import type { TestCase, TestModule, TestSuite } from "vitest/node";
import type { Failure, Outcome, TestResult } from "../../report/model.ts";

/** vitest's errors as they come from a worker: plain data, with frames if they could be mapped. */
export interface PlainError {
  readonly message?: string;
  readonly name?: string;
  readonly stack?: string | undefined;
  /** What was expected beside what came, for values that a message only names. */
  readonly diff?: string | undefined;
  readonly stacks?: readonly { readonly file: string; readonly line: number; readonly column: number }[];
}

export interface Selection {
  readonly root: string;
  /** `-t`: what does not match was not asked for. */
  readonly namePattern: RegExp | undefined;
}

/** A test of vitest as ours; undefined if it was not asked for, or has not run. */
export function toTestResult(test: TestCase, { root, namePattern }: Selection): TestResult | undefined {
  const suite = suitesOf(test);
  if (namePattern && ![...suite, test.name].join(" ").match(namePattern)) return undefined;
  const result = test.result();
  if (result.state === "pending") return undefined;
  const diagnostic = test.diagnostic();
  const { petri } = test.meta();
  const outcome: Outcome = result.state === "passed" && diagnostic?.flaky ? "flaky" : result.state;
  const skipReason = petri?.skip ?? (result.state === "skipped" ? result.note : undefined);
  const file = relative(root, test.module.moduleId);
  return {
    name: test.name,
    title: petri?.title ?? test.name,
    file,
    suite,
    ...(petri && { cell: petri.cell }),
    outcome,
    ...(outcome === "skipped" && { skipReason: skipReason ?? unsaidReason(test) }),
    durationMs: petri?.durationMs ?? diagnostic?.duration ?? 0,
    attempts: outcome === "skipped" ? 1 : (diagnostic?.retryCount ?? 0) + 1,
    failures: (result.errors ?? []).map((error) =>
      withoutTraces(toFailure(error, root, test.module.moduleId), petri?.traces ?? []),
    ),
    ...(petri?.findings && { findings: petri.findings }),
    ...(petri?.taps && { taps: petri.taps }),
    traces: petri?.traces ?? [],
  };
}

/** A crash says where its trace is, and so does every report, for whatever has failed: once is enough. */
function withoutTraces(failure: Failure, traces: readonly string[]): Failure {
  const known = new Set(traces.map((path) => `trace: ${path}`));
  const lines = failure.message.split("\n").filter((line) => !known.has(line));
  return { ...failure, message: lines.join("\n") };
}

/** vitest skips what it cannot run: a test whose suite or file failed before it. */
function unsaidReason(test: TestCase): string {
  for (let owner: TestSuite | TestModule = test.parent; ; owner = owner.parent) {
    const [error] = owner.errors();
    const what = owner.type === "suite" ? `its suite "${owner.name}"` : "its file";
    if (error) return `not run, because ${what} failed: ${error.message.split("\n", 1)[0]}`;
    if (owner.type === "module") return "skipped in the test file, or by another test's only";
  }
}

/** The error at the line of the test file, where it has one; else at its first frame in the project. */
export function toFailure(error: PlainError, root: string, testFile?: string): Failure {
  const frames = error.stacks ?? [];
  const frame =
    frames.find(({ file }) => file === testFile) ?? frames.find(({ file }) => !file.includes("/node_modules/"));
  return {
    message: [error.message ?? String(error), ...(error.diff === undefined ? [] : [error.diff])].join("\n"),
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(frame && { file: relative(root, frame.file), line: frame.line, column: frame.column }),
  };
}

/** Failures of a file that belong to none of its tests: it cannot be loaded, or a hook of a suite failed. */
export function moduleFailures(module: TestModule, root: string): Failure[] {
  const suites = [...module.children.allSuites()];
  return [module, ...suites].flatMap((owner) =>
    owner.errors().map((error) => {
      const failure = toFailure(error, root, module.moduleId);
      return { ...failure, file: failure.file ?? relative(root, module.moduleId) };
    }),
  );
}

function suitesOf(test: TestCase): string[] {
  const names: string[] = [];
  let parent: TestSuite | TestModule = test.parent;
  while (parent.type === "suite") {
    names.unshift(parent.name);
    parent = parent.parent;
  }
  return names;
}
