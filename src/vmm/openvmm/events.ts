import { causeRow, type EvidenceSource } from "../../power/causes.ts";
import type { PowerCause, PowerKind } from "../../power/event.ts";
import type { VmmEnd, VmmEvent, VmmPlan } from "../contract.ts";
import { haltReason, type LogLine } from "./log.ts";

/** What OpenVMM calls what its guest did, and what that can only have been by. */
const reasons: Readonly<Record<string, { readonly kind: PowerKind; readonly cause: PowerCause }>> = {
  PowerOff: { kind: "shutdown", cause: "acpi-s5" },
  Hibernate: { kind: "hibernate", cause: "acpi-s4" },
  Reset: { kind: "reset", cause: "unknown" },
  TripleFault: { kind: "crash", cause: "triple-fault" },
  Watchdog: { kind: "watchdog", cause: "wdat" },
};

/** What a kind of event is by, where only the status tells which kind it was. */
const byStatus: Readonly<Partial<Record<PowerKind, PowerCause>>> = {
  shutdown: "acpi-s5",
  crash: "triple-fault",
  watchdog: "wdat",
};

type Place = Pick<VmmEvent, "at" | "offsets">;

/** Turns OpenVMM's log and the status it ends with into what the guest did. */
export class HaltWatch {
  private readonly plan: VmmPlan;
  private readonly without: readonly EvidenceSource[];
  /** What the log told of a guest whose VMM is about to end for it. */
  private last: VmmEvent | undefined;

  constructor(plan: VmmPlan, without: readonly EvidenceSource[] = []) {
    this.plan = plan;
    this.without = without;
  }

  /** Undefined where the line tells nothing, or its VMM's end will tell the same. */
  take(line: LogLine): VmmEvent | undefined {
    const reason = haltReason(line);
    if (reason === undefined || !this.allows("log")) return undefined;
    const known = reasons[reason];
    if (!known) return vmmError(line, [`OpenVMM stopped the guest: ${reason}`, line.line]);
    const event = this.event(known, "log", line, [line.line]);
    if (this.statusOf(event.kind) === undefined) return event;
    this.last = event;
    return undefined;
  }

  /** What an end that we did not ask for says; both pieces of evidence where there are two. */
  takeEnd(end: VmmEnd): VmmEvent | undefined {
    if (end.expected) return undefined;
    const { last } = this;
    const how = end.signal ? `was killed by ${end.signal}` : `ended with status ${end.exitCode}`;
    const kind = this.allows("exit-status") && end.signal === null ? this.kindOf(end.exitCode) : undefined;
    if (last && kind !== undefined && this.statusOf(last.kind) === end.exitCode) {
      return { ...last, evidence: [...last.evidence, `OpenVMM ${how}, its status for ${kind}`] };
    }
    if (kind !== undefined) {
      const cause = byStatus[kind] ?? "unknown";
      return this.event({ kind, cause }, "exit-status", end, [`OpenVMM ${how}, its status for ${kind}`]);
    }
    if (last && end.signal === null && this.statusOf(last.kind) === end.exitCode) return last;
    return vmmError(end, [`OpenVMM ${how}`, ...(end.stderrTail ? [end.stderrTail] : [])]);
  }

  /** A hibernation takes the action of a shutdown. */
  private statusOf(kind: PowerKind): number | undefined {
    return this.plan.exits?.[kind === "hibernate" ? "shutdown" : kind];
  }

  private kindOf(status: number | null): PowerKind | undefined {
    // The keys are the plan's own.
    const [kind] = Object.entries(this.plan.exits ?? {}).find(([, each]) => each === status) ?? [];
    return kind as PowerKind | undefined;
  }

  private event(
    { kind, cause }: { kind: PowerKind; cause: PowerCause },
    source: EvidenceSource,
    { at, offsets }: Place,
    evidence: readonly string[],
  ): VmmEvent {
    const known = cause === "unknown" ? undefined : causeRow("openvmm", this.plan.accelerator, cause).known[source];
    return { kind, cause, confidence: known ?? "reported", evidence, at, offsets };
  }

  private allows(source: EvidenceSource): boolean {
    return !this.without.includes(source);
  }
}

function vmmError({ at, offsets }: Place, evidence: readonly string[]): VmmEvent {
  return { kind: "vmm-error", cause: "unknown", confidence: "reported", evidence, at, offsets };
}
