import { join } from "node:path";
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { UnsupportedError } from "../../machine/errors.ts";
import type { LifeSettings, RunningVmm, RunPaths, VmmEvent, VmmPlan } from "../contract.ts";
import type { QmpEvent } from "../qmp.ts";
import { QmpLife } from "../qmp-life.ts";
import { Classifier, type Verdict } from "./classifier.ts";
import { deviceLog } from "./device-log.ts";
import { qemuFacets } from "./facets.ts";
import { GuestSleep } from "./guest-sleep.ts";
import { takeSnapshot } from "./recording.ts";
import { lookAtCpus } from "./stopped-cpus.ts";

const statusReply = z.object({ status: z.string() });

/** Starts QEMU paused, with every console and QMP connected. */
export async function launchQemu(
  plan: VmmPlan,
  paths: RunPaths,
  host: Host,
  settings: LifeSettings,
): Promise<RunningVmm> {
  const log = join(paths.runDir, deviceLog);
  const readLog = () => (host.readable(log) ? host.readFile(log).toString("latin1") : "");
  const classifier = new Classifier(plan, readLog, settings.withoutEvidence);
  const listeners: ((event: VmmEvent) => void)[] = [];
  let isOver = false;
  const life = await QmpLife.start("QEMU", plan, paths, host, settings, (event) => {
    if (isOver || endsReplay(plan, event)) {
      isOver = true;
      return void life.quit();
    }
    sleep.take(event.name);
    const verdict = classifier.take(event);
    if (verdict?.is === "phantom") void restart().catch(failed);
    else if (verdict) telling = telling.then(() => tell(verdict)).catch(failed);
  });
  const { qmp } = life;
  const sleep = new GuestSleep(() => qmp.execute("system_wakeup"));

  if (paths.replay?.isReversible) await qmp.execute("human-monitor-command", takeSnapshot);

  /** In the order in which they happened, though some have to be looked into first. */
  let telling: Promise<void> = Promise.resolve();

  async function tell(verdict: Exclude<Verdict, { is: "phantom" }>): Promise<void> {
    const event = verdict.is === "event" ? verdict.event : await explain(verdict);
    if (event) for (const listener of listeners) listener(event);
  }

  // A QEMU that is gone answers nothing more; its end says why.
  function failed(error: Error): void {
    if (!qmp.isClosed) settings.onFault(error);
  }

  async function explain(verdict: Exclude<Verdict, { is: "phantom" | "event" }>): Promise<VmmEvent | undefined> {
    if (verdict.is === "reset") {
      const cpus = await lookAtCpus(qmp, plan.firmware === "ovmf").catch((error: Error) => {
        // Without them the guest still has reset.
        failed(error);
        return [];
      });
      return classifier.explainReset(verdict, cpus);
    }
    // The guest stands still and did nothing to cause it: we stopped it, or QEMU cannot go on.
    const { status } = statusReply.parse(await qmp.execute("query-status"));
    return classifier.explainStop(verdict.stop, status, life.process.logTail());
  }

  let restarts: Promise<void> = Promise.resolve();

  // One at a time: the second of two that overlap would find the first one's policy.
  function restart(): Promise<void> {
    const mine = restarts.then(() => telling).then(restartNow);
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
    // QEMU's states "guest-panicked" and "watchdog" take a cont; "shutdown" does not (power-events §3.3 trap 3).
    cannotContinue: ({ kind, cause }) =>
      kind === "watchdog" || cause === "pvpanic"
        ? undefined
        : "QEMU lets a guest that reset or shut down only start again",
    reset: async () => {
      if (plan.isRecorded) throw new UnsupportedError("a recorded VM cannot be reset: QEMU stands still at that");
      classifier.expectPhantom();
      await restart();
    },
    quit: () => life.quit(),
    write: (console, bytes, isSecret) => life.recording.write(console, bytes, isSecret),
    ended: life.ended.then(async (end) => {
      sleep.end();
      await telling;
      const event = classifier.takeEnd(end);
      if (event) for (const listener of listeners) listener(event);
      return end;
    }),
    facets: qemuFacets(qmp, plan, sleep),
  };
}

/** What ended the recorded VM when it was not its guest comes out of the recording as its last event. */
function endsReplay({ isReplay }: VmmPlan, { name, data }: QmpEvent): boolean {
  return isReplay === true && name === "SHUTDOWN" && data.guest === false;
}
