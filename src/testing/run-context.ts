import { inject } from "vitest";
import type { ChannelName } from "../machine/channel.ts";
import { UsageError } from "../machine/errors.ts";
import type { BootKind } from "../machine/machine.ts";
import type { MachineOverrides } from "../machine/merge.ts";
import type { AcceleratorName, VmmName } from "../machine/placement.ts";
import type { UserImage } from "../machine/user-image.ts";
import type { OracleSettings } from "../oracle/policy.ts";
import type { KeepPolicy } from "../trace/retention.ts";
import type { Detection } from "../vmm/contract.ts";

/** What the main process tells its workers, once per run. Plain JSON. */
export interface RunContext {
  readonly runId: string;
  /** The run's results folder. */
  readonly runDir: string;
  readonly root: string;
  /** Made once, before the first test, while nothing else ran. */
  readonly detections: readonly Detection[];
  /** Why an image of the catalogue is neither built nor can be built here, by its name. */
  readonly unbuildable: Readonly<Record<string, string>>;
  /** Socket of the lease broker. */
  readonly leases: string;
  readonly filters: CellFilters;
  readonly keepTraces: KeepPolicy;
  /** The VMs of a test that fails are kept until somebody has looked at them. */
  readonly pause: boolean;
  /** Factor on every timeout, for slow hosts. */
  readonly timeoutScale: number;
  /** How long a pending wait may see no progress, in milliseconds; absent: as long as its test. */
  readonly progressWithin?: number;
  /** How programs run in guests, below every test's own word. */
  readonly channel?: ChannelName;
  /** The configuration's own machine, below every test's. */
  readonly machine: MachineOverrides;
  /** The configuration's oracle, below every test's. */
  readonly oracle: OracleSettings;
  /** The user's own images, by name. */
  readonly images: Readonly<Record<string, UserImage>>;
}

/** What the user narrowed the run to. Absent means everything. */
export interface CellFilters {
  readonly vmm?: readonly VmmName[] | undefined;
  readonly accelerator?: readonly AcceleratorName[] | undefined;
  readonly boot?: readonly BootKind[] | undefined;
  /** VMMs that a job promises to have: where one of them is missing, its cells fail instead of being skipped. */
  readonly require: readonly VmmName[];
}

declare module "vitest" {
  interface ProvidedContext {
    petri?: RunContext;
  }
}

/** Throws UsageError where Petri's plugin is not in the vitest configuration. */
export function runContext(): RunContext {
  const context = inject("petri");
  if (context) return context;
  throw new UsageError(
    'Petri\'s vitest plugin is missing\n  add it to vitest.config.ts: import { petri } from "petri-vm/test"; … plugins: [petri()]\n  or run the tests with: npx petri test',
  );
}
