import { type TestContext, TestRunner } from "vitest";
import type { ChannelName } from "../machine/channel.ts";
import { UnsupportedError, UsageError } from "../machine/errors.ts";
import type { MachineOverrides } from "../machine/merge.ts";
import { mergeOracle, type OracleSettings } from "../oracle/policy.ts";
import { timeoutMs } from "../power/wait.ts";
import { type Cell, cellName, testName, variantTitle } from "./cell.ts";
import { machineOf } from "./cell-machine.ts";
import { judge, placementOf, type Verdict } from "./cell-support.ts";
import { baseTest, type VmFixtures } from "./fixtures.ts";
import { cellsOf } from "./matrix.ts";
import type { Need } from "./needs.ts";
import { type RunContext, runContext } from "./run-context.ts";
import { at, siteOf } from "./site.ts";
import { type PetriMeta, rememberSpec } from "./test-spec.ts";
import { testTimeoutMs } from "./timeouts.ts";

export interface VmTestOptions {
  /** The cells to run in; petri-guest in every way it boots, if absent. */
  readonly on?: readonly Cell[];
  /** Added to every cell's machine. */
  readonly machine?: MachineOverrides;
  /** Cells that lack one of these are skipped. */
  readonly needs?: readonly Need[];
  /** Milliseconds, or `"30s"`; by accelerator, boot and image if absent (timeouts.ts). */
  readonly timeout?: number | string;
  /**
   * The test fails with NoProgress when a wait is pending for this long and nothing comes of it: no new boot phase, no
   * wait met, no command done, no power event. Milliseconds, or `"30s"`; the setting `progressWithin` if absent.
   */
  readonly progressWithin?: number | string;
  /**
   * How many times in a row a guest may restart while something is waited for in vain: one more is a boot loop, and the
   * test fails with NoProgress. 10 if absent, and any number of a kind of event that `vm.power.allow()` allows.
   */
  readonly restartsAtMost?: number;
  readonly retry?: number;
  /** How programs run in the guest; the setting `channel` if absent, else the image's own, else the best there is. */
  readonly channel?: ChannelName;
  /** What is looked for on the consoles, and what becomes of it; above what petri.config.ts says. */
  readonly oracle?: OracleSettings;
  readonly tags?: string | string[];
  /** How many VMs of the cell's size the test runs at once: 2 if it takes `boot`, else 1. */
  readonly vms?: number;
}

export type VmTestFunction = (context: TestContext & VmFixtures) => unknown;
type Mode = "only" | "skip" | "fails";

interface Registration {
  (name: string, options: VmTestOptions, fn: VmTestFunction): void;
  (name: string, fn: VmTestFunction): void;
}

export interface VmTest extends Registration {
  readonly only: Registration;
  readonly skip: Registration;
  /** Passes only if the test fails. */
  readonly fails: Registration;
}

/**
 * One function, one test per cell of the matrix: `name [qemu pcat petri-guest]`. A cell that cannot run here is skipped
 * with its reason. Throws UsageError where Petri's plugin is missing, or for a machine that cannot be.
 *
 * @example
 * vmTest("powers off", { on: matrix({ image: "petri-guest" }) }, async ({ vm, guest }) => {
 *   await guest.shutdown();
 *   await expect(vm).toPowerOff();
 * });
 */
export const vmTest: VmTest = Object.assign(registration(), {
  only: registration("only"),
  skip: registration("skip"),
  fails: registration("fails"),
});

function registration(mode?: Mode): Registration {
  function register(name: string, second: VmTestOptions | VmTestFunction, third?: VmTestFunction): void {
    const options = typeof second === "function" ? {} : second;
    const fn = typeof second === "function" ? second : third;
    if (typeof fn !== "function") throw new UsageError(`vmTest("${name}"): the test's function is missing`);
    const run = runContext();
    const site = siteOf(register);
    const cells = options.on ?? cellsOf({}, run);
    if (cells.length === 0) throw new UsageError(`vmTest("${name}"): no cell is left; look at its matrix`);
    for (const cell of cells) registerCell({ name, options, fn, cell, mode, site }, run);
  }
  return register;
}

interface CellTest {
  readonly name: string;
  readonly options: VmTestOptions;
  readonly fn: VmTestFunction;
  readonly cell: Cell;
  readonly mode: Mode | undefined;
  readonly site: Error;
}

function registerCell({ name, options, fn, cell, mode, site }: CellTest, run: RunContext): void {
  const machine = machineOf(cell, run.machine, cell.variant?.machine ?? {}, options.machine ?? {});
  const needs = options.needs ?? [];
  const verdict = mode === "skip" ? skippedByTest : judge(cell, machine, needs, run);
  const title = variantTitle(name, cell);
  const skip = verdict.kind === "skipped" ? verdict.reason : undefined;
  const meta: PetriMeta = { title, cell: cellName(cell), ...(skip !== undefined && { skip }) };
  const placement = placementOf(cell, run);
  baseTest()(
    testName(name, cell),
    {
      meta: { petri: meta },
      // Petri keeps the time itself: vitest's clock would count the wait for memory, too.
      timeout: 0,
      ...(options.retry !== undefined && { retry: options.retry }),
      tags: [`vmm:${cell.vmm}`, `boot:${cell.boot}`, ...[options.tags ?? []].flat()],
      ...(skip !== undefined ? { skip: true } : mode !== undefined && mode !== "skip" && { [mode]: true }),
    },
    verdict.kind === "broken-promise" ? breaks(cell, verdict.reason, site) : fn,
  );
  const task = TestRunner.getCurrentSuite().tasks.at(-1);
  if (task?.type !== "test") throw new Error("vitest did not register the test"); // vitest 4.1 pushes it there
  // vitest's own reporters show a result's note, but no meta.
  if (skip !== undefined) Object.assign(task, { result: { state: "skip", note: skip } });
  if (verdict.kind !== "runs") return;
  const weight = meta.cell.image === "petri-guest" ? "small" : "system";
  const usual = testTimeoutMs({ accelerator: verdict.accelerator, boot: cell.boot, weight }, 1);
  rememberSpec(task, {
    ...{ title, cell, placement, machine, needs, site },
    oracle: mergeOracle(run.oracle, options.oracle),
    timeoutMs: timeoutMs(options.timeout, () => usual) * run.timeoutScale,
    ...progressOf(options, run),
    restartsAtMost: options.restartsAtMost,
    channel: options.channel ?? run.channel,
    vms: options.vms ?? (takesBoot(fn) ? 2 : 1),
  });
}

function progressOf({ progressWithin }: VmTestOptions, run: RunContext): { progressWithinMs?: number } {
  const within = progressWithin ?? run.progressWithin;
  return within === undefined ? {} : { progressWithinMs: timeoutMs(within, () => 0) * run.timeoutScale };
}

const skippedByTest: Verdict = { kind: "skipped", reason: "skipped in the test file (vmTest.skip)" };

function breaks(cell: Cell, reason: string, site: Error): () => never {
  return () => {
    throw at(site, new UnsupportedError(`--require ${cell.vmm}: ${reason}`));
  };
}

/** vitest, too, reads the fixtures a test takes off its first parameter. */
function takesBoot(fn: VmTestFunction): boolean {
  const [head = ""] = fn.toString().split("}", 1);
  return /[{,]\s*boot\s*[,:]?\s*$|[{,]\s*boot\s*[,:]/.test(head);
}
