import type { ChannelChoice } from "../guest/choose-channel.ts";
import type { ResolvedImage } from "../image/recipe.ts";
import type { ConsoleName, Machine } from "../machine/machine.ts";
import type { Placement } from "../machine/placement.ts";
import { mergeOracle, type OracleSettings, oraclePolicy } from "../oracle/policy.ts";
import type { EvidenceSource } from "../power/causes.ts";
import { PowerJournal } from "../power/journal.ts";
import type { UntimedEvent } from "../trace/event.ts";
import type { TraceWriter } from "../trace/writer.ts";
import type { RunningVmm, VmmPlan } from "../vmm/contract.ts";
import { ConsoleSet } from "./console-set.ts";
import { FindingJournal } from "./findings.ts";
import { watchFrontpage } from "./frontpage.ts";
import { guestFor } from "./guest-of.ts";
import { keepHeartbeat } from "./keep-heartbeat.ts";
import type { MachinePorts } from "./machine-ports.ts";
import type { MachineVsock } from "./machine-vsock.ts";
import { ProgressWatch } from "./progress-watch.ts";
import { recordWaits } from "./record-waits.ts";
import { VirtualMachine } from "./virtual-machine.ts";

/** A VMM that has been launched, and how its VM is to be watched. */
export interface Launched {
  readonly machine: Machine;
  readonly placement: Placement;
  readonly plan: VmmPlan;
  readonly image: ResolvedImage | undefined;
  readonly running: RunningVmm;
  readonly trace: TraceWriter;
  readonly vmlinux: string | undefined;
  readonly oracle: OracleSettings | undefined;
  /** Evidence that no verdict on the guest's power may rest on. */
  readonly withoutEvidence: readonly EvidenceSource[];
  /** What `progressWithin` came to, in milliseconds. */
  readonly budgetMs: number | undefined;
  readonly restartsAtMost: number | undefined;
  readonly defaultTimeoutMs: () => number;
  /** How programs run in the guest. */
  readonly channel: ChannelChoice | undefined;
  /** Our side of the machine's vsock. */
  readonly vsock: MachineVsock | undefined;
  readonly ports: MachinePorts;
  /** Adds to the trace; a disk that refuses it fails the VM. */
  readonly record: (event: UntimedEvent) => void;
  readonly release: () => void;
}

/** The VM, and its consoles for whoever hears of new bytes. */
export interface Watched {
  readonly vm: VirtualMachine;
  readonly consoles: ConsoleSet;
}

/** Joins a VMM to all that watches its VM: consoles, journals, the oracle, the guest's driver. */
export function watchVm(launched: Launched): Watched {
  const { machine, plan, image, running, trace, budgetMs, defaultTimeoutMs, record } = launched;
  const observers = recordWaits(record);
  const progress = new ProgressWatch({ budgetMs, onStuck: (waits) => void vm.stuck(waits, budgetMs ?? 0) });
  const power = new PowerJournal({
    ...{ defaultTimeoutMs, observer: observers.power, watcher: progress },
    scene: () => consoles.scene(),
  });
  const findings = new FindingJournal({ defaultTimeoutMs, watcher: progress, scene: () => consoles.scene() });
  const consoles = new ConsoleSet(Object.keys(plan.consoles) as ConsoleName[], trace.dir, {
    send: (name, bytes, isSecret) => running.write(name, bytes, isSecret),
    defaultTimeoutMs,
    observe: observers.console,
    watcher: progress,
  });
  const closers: (() => void)[] = [];
  const fronted = watchFrontpage(machine, running, consoles, trace.clockStart);
  const vm: VirtualMachine = new VirtualMachine({
    ...{ machine, plan, image, vsock: launched.vsock, trace, consoles, power, findings, progress, defaultTimeoutMs },
    placement: { ...launched.placement, accelerator: plan.accelerator },
    running: launched.withoutEvidence.includes("silence")
      ? fronted
      : keepHeartbeat(machine, fronted, consoles, trace.clockStart, (error) => vm.fail(error)),
    restartsAtMost: launched.restartsAtMost,
    vmlinux: launched.vmlinux ?? image?.vmlinux,
    oracle: oraclePolicy(mergeOracle(impliedBy(machine), launched.oracle)),
    ignoresPanics: launched.withoutEvidence.includes("console"),
    makeGuest: (self) =>
      guestFor(self, consoles, {
        ...{ defaultTimeoutMs, record, onEnd: (close) => void closers.push(close) },
        ...{ channel: launched.channel, ways: { vsock: launched.vsock?.channel, ports: launched.ports } },
      }),
    release: () => {
      for (const close of closers) close();
      launched.release();
    },
  });
  return { vm, consoles };
}

/** Without the firmware's front page a machine that has nothing to boot powers off: that is then no crash. */
function impliedBy({ boot }: Machine): OracleSettings {
  return boot.kind === "uefi" && !boot.frontpage ? { ignore: [/^no bootable device$/] } : {};
}
