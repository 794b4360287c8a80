/**
 * What a run of tests came to: plain data, made once by the test runner's adapter and rendered by every reporter.
 * All texts may hold whatever a guest printed; each renderer escapes for its own medium.
 */
export interface RunResult {
  readonly startedAt: string;
  readonly durationMs: number;
  readonly tests: readonly TestResult[];
  /** Failures that belong to no test: a broken file, a leak found at the end, an unmet `--require`. */
  readonly errors: readonly Failure[];
  readonly interrupted: boolean;
}

export type Outcome = "passed" | "failed" | "skipped" | "flaky";

export interface TestResult {
  /** Stable across runs: `powers off [qemu uefi petri-guest]`. */
  readonly name: string;
  /** The name without its cell. */
  readonly title: string;
  readonly file: string;
  readonly suite: readonly string[];
  /** Absent for a test that boots no machine. */
  readonly cell?: CellName;
  readonly outcome: Outcome;
  /** Why it was skipped; never empty for a skipped cell. */
  readonly skipReason?: string;
  readonly durationMs: number;
  /** 1 for a test that ran once. Each attempt has its own trace. */
  readonly attempts: number;
  readonly failures: readonly Failure[];
  /** What the consoles reported, in all attempts; absent if they reported nothing. The first hundred. */
  readonly findings?: readonly ReportedFinding[];
  /** The TAP that was read of its guests in the last attempt; absent if there was none. */
  readonly taps?: readonly ReportedTap[];
  readonly traces: readonly string[];
}

/** A stream of TAP. */
export interface ReportedTap {
  /** What printed it: a command, a console. */
  readonly title: string;
  /** Why it is not to be trusted; absent if it came whole. */
  readonly problems?: readonly string[];
  readonly subtests: readonly Subtest[];
  /** How many results are left out: a guest may print results for ever. */
  readonly omitted?: number;
}

/** One result of a stream of TAP. */
export interface Subtest {
  /** From 1. */
  readonly number: number;
  /** Empty if it has none. */
  readonly name: string;
  /** `failed` in a test that passed: the test looked at it and let it be. */
  readonly outcome: "passed" | "failed" | "skipped" | "todo";
  /** Why it was skipped, or is known to fail. */
  readonly reason?: string;
  /** What was printed about it, if it failed. */
  readonly diagnostics?: readonly string[];
  readonly durationMs?: number;
  /** Those of its own; absent if it has none. */
  readonly subtests?: readonly Subtest[];
}

/** A crash or a warning that the oracle read on a console. */
export interface ReportedFinding {
  readonly title: string;
  readonly type: string;
  readonly console: string;
  /** Of its first byte in the console's log. */
  readonly offset: number;
}

/** The axes a test ran on, in the order of its name. */
export interface CellName {
  readonly vmm: string;
  readonly boot: string;
  readonly image: string;
  readonly accelerator?: string;
}

export interface Failure {
  readonly message: string;
  readonly stack?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** The test's name with its suites, as every reporter writes it. */
export function fullName(test: TestResult): string {
  return [...test.suite, test.name].join(" > ");
}
