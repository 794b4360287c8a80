import type { EvidenceSource } from "../../power/causes.ts";
import type { PowerCause } from "../../power/event.ts";
import type { VmmPlan } from "../contract.ts";
import { type CpuState, portWriteBefore } from "./cpu-state.ts";
import type { DeviceLog } from "./device-log.ts";

/** A vCPU of a guest that asked for a reset, and stands still. */
export interface StoppedCpu extends CpuState {
  /** The bytes before its next instruction; none where its memory cannot be read. */
  readonly code: readonly number[];
  /** Whether it runs a driver that UEFI firmware leaves behind for its runtime services. */
  readonly isInFirmware?: boolean;
}

/** Why a guest reset: the cause, the source that tells it, and that in words. */
export interface ResetCause {
  readonly cause: PowerCause;
  readonly source: EvidenceSource;
  readonly words: string;
}

const resetPort = 0xcf9;
/** Bit 2 of port CF9 resets the machine (ICH9 datasheet §13.7.5). */
const resetBit = 0x04;
/** What QEMU's q35 says in its ACPI tables is to be written to port CF9: a value that nobody else uses. */
const acpiValue = 0x0f;

/** What QEMU's log tells of a reset that its events call a plain one; of its two kinds of lines, those left out say nothing. */
export function causeByLog(log: DeviceLog, without: readonly EvidenceSource[] = []): ResetCause | undefined {
  if (log.hasTripleFault && !without.includes("reset-log")) {
    return { cause: "triple-fault", source: "reset-log", words: "QEMU's log of CPU resets: Triple fault" };
  }
  if (!log.reset || without.includes("device-trace")) return undefined;
  const { cause, line } = log.reset;
  return { cause, source: "device-trace", words: `QEMU's device trace: ${line}` };
}

/**
 * What the stopped vCPUs tell of a reset. KVM stops a vCPU right behind the `out` that asked for it (measured on AMD),
 * so that one who stands elsewhere did not ask. TCG runs on to the end of its block, with DX and AL mostly as they were.
 */
export function causeByCpus(
  { accelerator, run }: Pick<VmmPlan, "accelerator" | "run">,
  cpus: readonly StoppedCpu[],
): ResetCause | undefined {
  if (accelerator === "kvm") return causeByPort(cpus) ?? causeByStandstill(cpus, run.args.some(isOtherWay));
  for (const cpu of cpus) {
    const { dx, al } = cpu;
    if (dx === resetPort && (al & resetBit) !== 0) return byCf9(cpu, al, `stopped with DX=0cf9 and AL=${hex(al)}`);
  }
  return undefined;
}

function causeByPort(cpus: readonly StoppedCpu[]): ResetCause | undefined {
  for (const cpu of cpus) {
    const wrote = portWriteBefore(cpu, cpu.code);
    if (!wrote) continue;
    const { port, value } = wrote;
    const where = `has just written ${hex(value)} to port ${hex(port)}`;
    const words = `vCPU ${cpu.index} ${where}`;
    if (port === 0x64 && value >= 0xf0 && value % 2 === 0) {
      return { cause: "keyboard-controller", source: "registers", words };
    }
    if (port === 0x92 && value % 2 === 1) return { cause: "port92", source: "registers", words };
    if (port === resetPort && (value & resetBit) !== 0) return byCf9(cpu, value, where);
  }
  return undefined;
}

function byCf9(cpu: StoppedCpu, value: number, where: string): ResetCause {
  const [cause, more]: [PowerCause, string] = cpu.isInFirmware
    ? ["firmware-reset", ", in a runtime driver of the firmware"]
    : value === acpiValue
      ? ["acpi-reset", ", the value of the ACPI reset register"]
      : ["cf9", ""];
  return { cause, source: "registers", words: `vCPU ${cpu.index} ${where}${more}` };
}

/**
 * Without a write to a port KVM resets a PC for one reason, KVM_EXIT_SHUTDOWN. AMD's vCPU is then in the state after
 * INIT; Intel's is left at the instruction that faulted (arch/x86/kvm: shutdown_interception, handle_triple_fault).
 */
function causeByStandstill(cpus: readonly StoppedCpu[], hasOtherWays: boolean): ResetCause | undefined {
  const by = (words: string): ResetCause => ({ cause: "triple-fault", source: "registers", words });
  if (cpus.some(({ index, isAtResetVector }) => index === 0 && isAtResetVector)) {
    return by("vCPU 0 is in the state after INIT, which KVM gives a vCPU that triple-faulted");
  }
  const allSeen = cpus.length > 0 && cpus.every(({ code, isAtResetVector }) => isAtResetVector || code.length > 0);
  if (!allSeen || hasOtherWays) return undefined;
  return by("no vCPU has just written to a port that resets the machine, which leaves a triple fault");
}

/** What can be given by vmmOptions and resets a machine without a port of its own: Hyper-V's reset register, IPMI. */
const isOtherWay = (argument: string) => /\bhv[-_]|ipmi/.test(argument);

/** `e6` for 0xE6. */
function hex(value: number): string {
  return value.toString(16).padStart(2, "0");
}
