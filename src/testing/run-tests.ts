import { UsageError } from "../machine/errors.ts";
import { checkPause } from "./pause.ts";
import { announceRound } from "./reporters/announce-round.ts";
import { leaveOptions, leftVerdict } from "./run-options.ts";
import { sessionOf } from "./run-session.ts";
import { vitestSetup } from "./vitest-setup.ts";

/** What `petri test` was told. */
export interface TestFlags {
  /** Files or folders of tests, or parts of their paths. */
  readonly paths?: readonly string[];
  /** Settings by the names of their flags (environment.ts): `vmm`, `boot`, `require`, `keep-traces`, `retries` … */
  readonly settings?: Readonly<Record<string, string | undefined>>;
  /** Only tests whose name matches this regular expression. */
  readonly name?: string | undefined;
  /** `1/3`: the first of three parts of the files. */
  readonly shard?: string | undefined;
  /** Runs everything again and again until something fails: that often at most, or for ever. */
  readonly repeatUntilFail?: number | boolean | undefined;
  /** Keeps the VMs of a test that fails, frozen, until somebody has looked at them: `petri attach`. */
  readonly pause?: boolean | undefined;
  /** How many cells must have run. */
  readonly minCells?: number | undefined;
  /** A file that says how many of which cells must have run. */
  readonly floor?: string | undefined;
  /** vitest reporters beside Petri's own. */
  readonly reporters?: readonly string[] | undefined;
  /** Arguments for vitest itself, as they came after `--`. */
  readonly passThrough?: readonly string[];
}

/**
 * Runs VM tests as `petri test` does, in the working directory. Resolves to the exit code: 0 if all went well, 1 if
 * a test failed, none ran, or the run fell short of what it must do; 130 if it was interrupted. Throws UsageError where
 * vitest is not installed or a flag cannot be, such as `pause` in CI.
 */
export async function runTests(flags: TestFlags): Promise<number> {
  const { repeatUntilFail = false } = flags;
  if (flags.pause) checkPause();
  if (repeatUntilFail === false) return await runOnce(flags);
  const most = repeatUntilFail === true ? Number.POSITIVE_INFINITY : repeatUntilFail;
  for (let round = 1; round <= most; round++) {
    announceRound(round, most);
    const exitCode = await runOnce(flags);
    if (exitCode !== 0) return exitCode;
  }
  return 0;
}

async function runOnce(flags: TestFlags): Promise<number> {
  const { startVitest, parseCLI } = await vitest();
  const { options: own } = parseCLI(["vitest", ...(flags.passThrough ?? [])]);
  const { filters, options, overrides } = await vitestSetup(flags.paths ?? [], own.config);
  const floor = flags.minCells ?? flags.floor;
  leaveOptions({ flags: flags.settings ?? {}, floor, pause: flags.pause ?? false }, sessionOf);
  process.exitCode = undefined;
  try {
    await startVitest(
      "test",
      [...filters],
      {
        ...own,
        ...options,
        watch: false,
        ...(flags.name !== undefined && { testNamePattern: flags.name }),
        ...(flags.shard !== undefined && { shard: flags.shard }),
        ...(flags.reporters !== undefined && { reporter: [...flags.reporters] }),
      },
      overrides,
    );
    // Without a verdict no run came to its end.
    return leftVerdict()?.exitCode ?? (Number(process.exitCode ?? 0) || 1);
  } finally {
    process.exitCode = undefined;
  }
}

async function vitest(): Promise<typeof import("vitest/node")> {
  try {
    return await import("vitest/node");
  } catch (cause) {
    throw new UsageError(
      "vitest runs the tests, but it is not installed\n  install it: npm install --save-dev vitest",
      {
        cause,
      },
    );
  }
}
