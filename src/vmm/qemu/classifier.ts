import { causeRow, type EvidenceSource } from "../../power/causes.ts";
import type { PowerCause } from "../../power/event.ts";
import type { VmmEnd, VmmEvent, VmmPlan } from "../contract.ts";
import type { QmpEvent } from "../qmp.ts";
import { readDeviceLog } from "./device-log.ts";
import { causeByCpus, causeByLog, type ResetCause, type StoppedCpu } from "./reset-cause.ts";

/**
 * SeaBIOS notices after a warm reset that it already ran and resets once more, silently: one stop that is no event
 * of the guest (power-events §3.3 trap 1). A stop later than this after our reset is taken for the guest's own.
 */
const phantomNs = 5e9;

/** What one of QMP's events comes to, with those before it. */
export type Verdict =
  | { readonly is: "event"; readonly event: VmmEvent }
  | { readonly is: "phantom" }
  /** A reset that only the stopped vCPUs can explain: see `explainReset`. */
  | { readonly is: "reset"; readonly stop: Stop; readonly evidence: readonly string[] }
  /** A stop that no event explains: see `explainStop`. */
  | { readonly is: "unexplained"; readonly stop: Stop };

/** When and where the guest stopped. */
type Stop = Pick<VmmEvent, "at" | "offsets">;

/** Turns QMP's events, in order, into what the guest did. */
export class Classifier {
  private readonly plan: VmmPlan;
  private readonly readLog: () => string;
  private readonly without: readonly EvidenceSource[];
  /** Events since the last stop that explain it. */
  private pending: QmpEvent[] = [];
  /** Those that came before the last stop. */
  private ioErrors: string[] = [];
  private seenLog = 0;
  private phantomAfter: { at: number | undefined; offsets: string } | undefined;
  private onReset = () => {};

  /** `readLog` reads all that QEMU logged so far; `without` is evidence that nothing may rest on. */
  constructor(plan: VmmPlan, readLog: () => string, without: readonly EvidenceSource[] = []) {
    this.plan = plan;
    this.readLog = readLog;
    this.without = without;
  }

  /** The next warm reset is ours: SeaBIOS will follow it with one of its own. */
  expectPhantom(): void {
    if (this.plan.firmware === "seabios") this.phantomAfter = { at: undefined, offsets: "" };
  }

  /** Resolves when QEMU has carried out the reset that is about to be asked for, or has ended. */
  hostReset(): Promise<void> {
    return new Promise((resolve) => {
      this.onReset = resolve;
    });
  }

  take(event: QmpEvent): Verdict | undefined {
    switch (event.name) {
      case "RESET":
        if (event.data.guest === false) {
          if (this.phantomAfter) this.phantomAfter = { at: event.at, offsets: JSON.stringify(event.offsets) };
          this.onReset();
        }
        return undefined;
      case "SHUTDOWN":
      case "SUSPEND_DISK":
      case "GUEST_PANICKED":
      case "WATCHDOG":
      case "BLOCK_IO_ERROR":
        this.pending.push(event);
        return undefined;
      case "RESUME":
        // A guest that tries to reset in two ways may be stopped between them: the second is reported after the stop.
        this.pending = [];
        return undefined;
      case "STOP":
        return this.stopped(event);
      default:
        return undefined;
    }
  }

  /** What a reset was, by where the vCPUs stand. */
  explainReset({ stop, evidence }: Extract<Verdict, { is: "reset" }>, cpus: readonly StoppedCpu[]): VmmEvent {
    const found = this.allows("registers") ? causeByCpus(this.plan, cpus) : undefined;
    return found ? this.resetBy(found, stop, evidence) : this.unknownCause("reset", stop, evidence);
  }

  /** What a stop that no event explains means, by QEMU's state (qapi/run-state.json, RunState). */
  explainStop(stop: Stop, status: string, logTail: string): VmmEvent | undefined {
    const evidence = [`QEMU's state is ${status}`];
    if (status === "io-error" || status === "internal-error") return this.vmmError(stop, status, logTail);
    if (status === "shutdown") return this.unknownCause("shutdown", stop, evidence);
    if (!this.allows("state")) return undefined;
    if (status === "guest-panicked") return this.event("pvpanic", "state", stop, evidence);
    if (status === "watchdog") return this.watchdog("state", stop, evidence);
    return undefined;
  }

  /** What QEMU's end says, if it was not ours: why the guest ended it, a debug-exit device, or a VMM that failed. */
  takeEnd(end: VmmEnd): VmmEvent | undefined {
    this.onReset();
    if (end.expected) return undefined;
    // Other actions than ours, by vmmOptions, let QEMU end where it would have stopped.
    const verdict = this.stopped(end);
    if (verdict.is === "event") return verdict.event;
    if (verdict.is === "reset") return this.unknownCause("reset", end, verdict.evidence);
    const { exitCode, signal, at, offsets } = end;
    const evidence = [signal ? `QEMU was killed by ${signal}` : `QEMU ended with status ${exitCode}`];
    if (end.stderrTail) evidence.push(end.stderrTail);
    // isa-debug-exit ends QEMU with (value << 1) | 1 and no event (power-events §3.3 trap 5).
    if (exitCode !== null && exitCode > 1 && exitCode % 2 === 1 && this.allows("exit-status")) {
      evidence.push(`that is how a debug-exit device ends it for the value ${(exitCode - 1) / 2}`);
      return this.event("debug-exit", "exit-status", end, evidence);
    }
    return { kind: "vmm-error", cause: "unknown", confidence: "reported", evidence, at, offsets };
  }

  private stopped(stop: Stop): Verdict {
    const all = this.pending.splice(0).filter((event) => event.data.guest !== false);
    const events = all.filter(({ name }) => name !== "BLOCK_IO_ERROR");
    this.ioErrors = all.filter(({ name }) => name === "BLOCK_IO_ERROR").map(({ line }) => line);
    if (events.length === 0) return { is: "unexplained", stop };
    const evidence = events.map((event) => event.line);
    const log = this.newLog();
    const has = (name: string) => events.some((event) => event.name === name);
    const reason = (name: string) => events.some((event) => event.data.reason === name);
    const isReset = !has("GUEST_PANICKED") && !has("WATCHDOG") && !reason("guest-shutdown");
    // SeaBIOS's own reset may end in a triple fault, when nothing else that it tries resets the machine at once.
    if (this.isPhantom(stop) && isReset) return { is: "phantom" };
    if (!isReset && !this.allows("events")) return { is: "unexplained", stop };
    const event = (cause: PowerCause): Verdict => ({ is: "event", event: this.event(cause, "events", stop, evidence) });
    if (has("GUEST_PANICKED")) return event("pvpanic");
    if (has("WATCHDOG")) return { is: "event", event: this.watchdog("events", stop, evidence) };
    if (reason("guest-shutdown")) return event(has("SUSPEND_DISK") ? "acpi-s4" : "acpi-s5");
    const found = causeByLog(readDeviceLog(log), this.without);
    return found ? { is: "event", event: this.resetBy(found, stop, evidence) } : { is: "reset", stop, evidence };
  }

  private resetBy({ cause, source, words }: ResetCause, stop: Stop, evidence: readonly string[]): VmmEvent {
    return this.event(cause, source, stop, [...evidence, words]);
  }

  private isPhantom(stop: Stop): boolean {
    const after = this.phantomAfter;
    this.phantomAfter = undefined;
    return after?.at !== undefined && stop.at - after.at < phantomNs && JSON.stringify(stop.offsets) === after.offsets;
  }

  private event(
    cause: PowerCause,
    source: EvidenceSource,
    { at, offsets }: Stop,
    evidence: readonly string[],
  ): VmmEvent {
    const { kind, known } = causeRow("qemu", this.plan.accelerator, cause);
    return { kind, cause, confidence: known[source] ?? "inferred", evidence, at, offsets };
  }

  private unknownCause(kind: VmmEvent["kind"], { at, offsets }: Stop, evidence: readonly string[]): VmmEvent {
    return { kind, cause: "unknown", confidence: "reported", evidence, at, offsets };
  }

  private vmmError(stop: Stop, status: string, logTail: string): VmmEvent {
    const { ioErrors } = this;
    const why = ioErrors.length > 0 ? ioErrors : logTail === "" ? [] : [logTail];
    const advice = ioErrors.some((line) => line.includes('"nospace": true'))
      ? ["no space for what the guest writes to its disk: free some, or set PETRI_RUN_ROOT to a folder with more"]
      : [];
    const evidence = [`QEMU cannot go on: ${status}`, ...advice, ...why];
    return { kind: "vmm-error", cause: "host", confidence: "reported", evidence, at: stop.at, offsets: stop.offsets };
  }

  private allows(source: EvidenceSource): boolean {
    return !this.without.includes(source);
  }

  // QEMU does not name the device. The machine has one at most, unless the user added some by vmmOptions.
  private watchdog(source: EvidenceSource, stop: Stop, evidence: readonly string[]): VmmEvent {
    const present = watchdogs.filter(({ isIn }) => this.plan.run.args.some(isIn));
    const [one, another] = present;
    if (!one || another) return this.unknownCause("watchdog", stop, evidence);
    return this.event(one.cause, source, stop, [...evidence, `the machine's one watchdog is ${one.cause}`]);
  }

  /** What QEMU logged since the last stop. QEMU flushes a line before it goes on to send the event. */
  private newLog(): string {
    const text = this.readLog();
    const added = text.slice(this.seenLog);
    this.seenLog = text.length;
    return added;
  }
}

const watchdogs: readonly { cause: PowerCause; isIn: (argument: string) => boolean }[] = [
  { cause: "i6300esb", isIn: (argument) => /^i6300esb\b/.test(argument) },
  { cause: "ib700", isIn: (argument) => /^ib700\b/.test(argument) },
  { cause: "itco", isIn: (argument) => argument === "ICH9-LPC.noreboot=off" },
];
