import type { ChannelName } from "../machine/channel.ts";
import type { Placement } from "../machine/placement.ts";
import type { OracleSettings } from "../oracle/policy.ts";
import type { CellName, ReportedFinding, ReportedTap } from "../report/model.ts";
import type { MachinePart } from "../vm/apply-image.ts";
import type { Cell } from "./cell.ts";
import type { Need } from "./needs.ts";

/** What one registered test is to do; kept beside vitest's task, which holds only what can travel. */
export interface TestSpec {
  readonly title: string;
  readonly cell: Cell;
  readonly placement: Placement;
  readonly machine: MachinePart;
  readonly needs: readonly Need[];
  /** The configuration's, below the test's own. */
  readonly oracle: OracleSettings;
  readonly timeoutMs: number;
  /** How long a pending wait may see no progress; absent: as long as the test. */
  readonly progressWithinMs?: number;
  readonly channel?: ChannelName | undefined;
  readonly restartsAtMost?: number | undefined;
  /** How many VMs may run at once: their memory and vCPUs are leased together, before the test begins. */
  readonly vms: number;
  /** Taken where the test was registered, so that a timeout points there. */
  readonly site: Error;
}

/** What the main process learns about a test through vitest. Plain JSON. */
export interface PetriMeta {
  readonly title: string;
  readonly cell: CellName;
  /** Why the test did not run. */
  readonly skip?: string;
  /** How long its attempts took, without what they waited for memory and images. */
  durationMs?: number;
  /** Trace folders that were kept, one for each VM of each attempt. */
  traces?: string[];
  /** What the consoles of all attempts reported. */
  findings?: ReportedFinding[];
  /** The TAP that the last attempt read. */
  taps?: ReportedTap[];
}

declare module "vitest" {
  interface TaskMeta {
    petri?: PetriMeta;
  }
}

const specs = new WeakMap<object, TestSpec>();

export function rememberSpec(task: object, spec: TestSpec): void {
  specs.set(task, spec);
}

export function specOf(task: object): TestSpec | undefined {
  return specs.get(task);
}
