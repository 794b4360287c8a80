import { join } from "node:path";
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import type { PowerCause } from "../../power/event.ts";
import type { LifeSettings, RunningVmm, RunPaths, VmmEnd, VmmEvent, VmmPlan } from "../contract.ts";
import type { QmpEvent } from "../qmp.ts";
import { QmpLife } from "../qmp-life.ts";
import { resetLog } from "./plan.ts";

/**
 * SeaBIOS notices after a warm reset that it already ran and resets once more, silently: one stop that is no event
 * of the guest (power-events §3.3 trap 1). A stop later than this after our reset is taken for the guest's own.
 */
const phantomNs = 5e9;

const statusReply = z.object({ status: z.string() });
const registersOfAll = { "command-line": "info registers -a" };

/** Starts QEMU paused, with every console and QMP connected. */
export async function launchQemu(
  plan: VmmPlan,
  paths: RunPaths,
  host: Host,
  settings: LifeSettings,
): Promise<RunningVmm> {
  const classifier = new Classifier(plan, () => {
    const log = join(paths.runDir, resetLog);
    return host.readable(log) ? host.readFile(log).toString("latin1") : "";
  });
  const listeners: ((event: VmmEvent) => void)[] = [];
  const life = await QmpLife.start("QEMU", plan, paths, host, settings, (event) => {
    const verdict = classifier.take(event);
    if (verdict === "phantom") void restart().catch(failed);
    else if (verdict === "unexplained") void explain(event).catch(failed);
    else tell(verdict);
  });
  const { qmp } = life;

  function tell(event: VmmEvent | undefined): void {
    if (event) for (const listener of listeners) listener(event);
  }

  // A QEMU that is gone answers nothing more; its end says why.
  function failed(error: Error): void {
    if (!qmp.isClosed) settings.onFault(error);
  }

  // The guest stands still and did nothing to cause it: we stopped it, or QEMU cannot go on.
  async function explain(stop: QmpEvent): Promise<void> {
    const { status } = statusReply.parse(await qmp.execute("query-status"));
    tell(classifier.explain(stop, status, life.process.logTail()));
  }

  let restarts: Promise<void> = Promise.resolve();

  // One at a time: the second of two that overlap would find the first one's policy.
  function restart(): Promise<void> {
    const mine = restarts.then(restartNow);
    restarts = mine.catch(() => {});
    return mine;
  }

  async function restartNow(): Promise<void> {
    // A guest that ran on from the reset might reset again before "cont", which QEMU would then refuse.
    await qmp.execute("stop");
    // A system_reset under reboot=shutdown would itself end the VM; the policy counts when the reset is asked for.
    await qmp.execute("set-action", { reboot: "reset" });
    const done = classifier.hostReset();
    await qmp.execute("system_reset");
    await qmp.execute("set-action", { reboot: "shutdown" });
    await done;
    await qmp.execute("cont");
  }

  return {
    capture: "from-reset",
    pid: life.process.pid,
    onEvent: (listener) => listeners.push(listener),
    resume: async () => void (await qmp.execute("cont")),
    // A restart under way would let the guest run again.
    pause: async () => void (await restarts.then(() => qmp.execute("stop"))),
    reset: () => {
      classifier.expectPhantom();
      return restart();
    },
    quit: () => life.quit(),
    write: (console, bytes, isSecret) => life.recording.write(console, bytes, isSecret),
    ended: life.ended.then((end) => {
      tell(classifier.takeEnd(end));
      return end;
    }),
    facets: {
      powerButton: async () => void (await qmp.execute("system_powerdown")),
      // QMP itself has no command for registers; the monitor's is QEMU's own (hmp-commands-info.hx).
      registers: async () => z.string().parse(await qmp.execute("human-monitor-command", registersOfAll)),
      ...(plan.run.args.includes("std")
        ? { screenshot: async (filename) => void (await qmp.execute("screendump", { filename, format: "png" })) }
        : {}),
    },
  };
}

/** Turns QMP's events, in order, into what the guest did. */
export class Classifier {
  private readonly plan: VmmPlan;
  private readonly readResetLog: () => string;
  /** Events since the last stop that explain it. */
  private pending: QmpEvent[] = [];
  /** Those that came before the last stop. */
  private ioErrors: string[] = [];
  private tripleFaults = 0;
  private phantomAfter: { at: number | undefined; offsets: string } | undefined;
  private onReset = () => {};

  constructor(plan: VmmPlan, readResetLog: () => string) {
    this.plan = plan;
    this.readResetLog = readResetLog;
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

  take(event: QmpEvent): VmmEvent | "phantom" | "unexplained" | undefined {
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

  /** What QEMU's end says, if it was not ours: a debug-exit device, or a VMM that failed. */
  takeEnd(end: VmmEnd): VmmEvent | undefined {
    this.onReset();
    if (end.expected) return undefined;
    const { exitCode, signal, at, offsets } = end;
    const evidence = [signal ? `QEMU was killed by ${signal}` : `QEMU ended with status ${exitCode}`];
    if (end.stderrTail) evidence.push(end.stderrTail);
    // isa-debug-exit ends QEMU with (value << 1) | 1 and no event (power-events §3.3 trap 5).
    if (exitCode !== null && exitCode > 1 && exitCode % 2 === 1) {
      return { kind: "shutdown", cause: "debug-exit", confidence: "inferred", evidence, at, offsets };
    }
    return { kind: "vmm-error", cause: "unknown", confidence: "reported", evidence, at, offsets };
  }

  /** What a stop that no event explains means, by QEMU's state (qapi/run-state.json, RunState). */
  explain(stop: QmpEvent, status: string, logTail: string): VmmEvent | undefined {
    if (status !== "io-error" && status !== "internal-error") return undefined;
    const { ioErrors } = this;
    const why = ioErrors.length > 0 ? ioErrors : logTail === "" ? [] : [logTail];
    const advice = ioErrors.some((line) => line.includes('"nospace": true'))
      ? ["no space for what the guest writes to its disk: free some, or set PETRI_RUN_ROOT to a folder with more"]
      : [];
    const evidence = [`QEMU cannot go on: ${status}`, ...advice, ...why];
    return { kind: "vmm-error", cause: "host", confidence: "reported", evidence, at: stop.at, offsets: stop.offsets };
  }

  private stopped(stop: QmpEvent): VmmEvent | "phantom" | "unexplained" {
    const all = this.pending.splice(0).filter((event) => event.data.guest !== false);
    const events = all.filter(({ name }) => name !== "BLOCK_IO_ERROR");
    this.ioErrors = all.filter(({ name }) => name === "BLOCK_IO_ERROR").map(({ line }) => line);
    const has = (name: string) => events.some((event) => event.name === name);
    const reason = (name: string) => events.some((event) => event.data.reason === name);
    if (events.length === 0) return "unexplained";
    const evidence = events.map((event) => event.line);
    const event = (kind: VmmEvent["kind"], cause: PowerCause): VmmEvent => {
      this.phantomAfter = undefined;
      return { kind, cause, evidence, confidence: "reported", at: stop.at, offsets: stop.offsets };
    };
    if (has("GUEST_PANICKED")) return event("crash", "pvpanic");
    if (has("WATCHDOG")) return event("watchdog", this.watchdogCause());
    if (reason("guest-shutdown")) {
      return has("SUSPEND_DISK") ? event("hibernate", "acpi-s4") : event("shutdown", "acpi-s5");
    }
    const isTripleFault = this.tripleFaulted();
    // SeaBIOS's own reset may end in a triple fault, when nothing else that it tries resets the machine at once.
    if (this.isPhantom(stop)) return "phantom";
    if (!isTripleFault) return event("reset", "unknown");
    evidence.push(`${resetLog}: Triple fault`);
    return event("crash", "triple-fault");
  }

  private isPhantom(stop: QmpEvent): boolean {
    const after = this.phantomAfter;
    this.phantomAfter = undefined;
    return after?.at !== undefined && stop.at - after.at < phantomNs && JSON.stringify(stop.offsets) === after.offsets;
  }

  // QEMU's event does not name the device; the machine has at most one.
  private watchdogCause(): PowerCause {
    const { args } = this.plan.run;
    return args.includes("i6300esb") ? "i6300esb" : args.includes("ib700") ? "ib700" : "unknown";
  }

  // QEMU reports a triple fault as a plain guest reset; under TCG its log of CPU resets tells (power-events §3.3
  // trap 6). QEMU flushes the log before the event goes out.
  private tripleFaulted(): boolean {
    const count = this.readResetLog().match(/^Triple fault/gm)?.length ?? 0;
    const isNew = count > this.tripleFaults;
    this.tripleFaults = count;
    return isNew;
  }
}
