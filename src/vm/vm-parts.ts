import type { Guest } from "../guest/driver.ts";
import type { ResolvedImage } from "../image/recipe.ts";
import type { Machine } from "../machine/machine.ts";
import type { Placement } from "../machine/placement.ts";
import type { OraclePolicy } from "../oracle/policy.ts";
import type { PowerEvent } from "../power/event.ts";
import type { PowerJournal } from "../power/journal.ts";
import type { TraceWriter } from "../trace/writer.ts";
import type { RunningVmm, VmmPlan } from "../vmm/contract.ts";
import type { ConsoleSet } from "./console-set.ts";
import type { FindingJournal } from "./findings.ts";
import type { MachineVsock } from "./machine-vsock.ts";
import type { ProgressWatch } from "./progress-watch.ts";
import type { VirtualMachine } from "./virtual-machine.ts";

export type VmState = "paused" | "running" | "halted" | "ended";

/** How an `exit` action ended the VM: the code asked for, and the event that led to it. */
export interface VmExit {
  readonly code: number;
  readonly event: PowerEvent;
}

/** What boot() makes one VirtualMachine of. */
export interface VmParts {
  readonly machine: Machine;
  readonly placement: Placement;
  readonly plan: VmmPlan;
  readonly image?: ResolvedImage | undefined;
  readonly running: RunningVmm;
  /** Our side of it, opened before the VMM started. */
  readonly vsock?: Pick<MachineVsock, "channel" | "close"> | undefined;
  readonly trace: TraceWriter;
  readonly consoles: ConsoleSet;
  readonly power: PowerJournal;
  readonly findings?: FindingJournal;
  /** What the oracle does with this VM's consoles; all it can if absent. */
  readonly oracle?: OraclePolicy;
  /** Whether a panic on a console explains the reset after it; it does if absent. */
  readonly ignoresPanics?: boolean;
  readonly vmlinux?: string | undefined;
  /** Told of every wait on the consoles and the journal. */
  readonly progress: ProgressWatch;
  /** How long a wait without a timeout of its own may take. */
  readonly defaultTimeoutMs: () => number;
  /** See BootOptions. */
  readonly restartsAtMost?: number | undefined;
  readonly makeGuest: (vm: VirtualMachine) => Guest;
  /** Ends what belongs to the VM but not to its VMM: the run directory, the lease. */
  readonly release: () => void;
}
