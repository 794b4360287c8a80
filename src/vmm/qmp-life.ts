import { join } from "node:path";
import type { Host } from "../host/host.ts";
import { diedEarly, type NativeProcess } from "../host/process.ts";
import type { Recording } from "../host/recording.ts";
import { VmmError } from "../machine/errors.ts";
import type { ConsoleName } from "../machine/machine.ts";
import { elapsed } from "../trace/append.ts";
import { vmmLogFile } from "../trace/writer.ts";
import type { LifeSettings, RunPaths, VmmEnd, VmmPlan } from "./contract.ts";
import { aborted, endedOrKilled, makeFiles, outOfTime } from "./life-steps.ts";
import { QmpClient, type QmpEvent } from "./qmp.ts";

/** The part of a life that every VMM with a QMP control channel shares: start, connect, end. */
export class QmpLife {
  readonly process: NativeProcess;
  readonly recording: Recording;
  readonly qmp: QmpClient;
  readonly ended: Promise<VmmEnd>;
  private readonly isPersistent: boolean;
  private readonly place: () => Pick<VmmEnd, "at" | "offsets">;
  private expected = false;

  private constructor(
    process: NativeProcess,
    recording: Recording,
    qmp: QmpClient,
    isPersistent: boolean,
    place: () => Pick<VmmEnd, "at" | "offsets">,
  ) {
    this.process = process;
    this.recording = recording;
    this.qmp = qmp;
    this.isPersistent = isPersistent;
    this.place = place;
    this.ended = this.watchEnd();
  }

  /**
   * Starts the VMM paused, every console and the control channel connected. Rejects with VmmError, with nothing left
   * running, if it ends first.
   */
  static async start(
    what: string,
    plan: VmmPlan,
    paths: RunPaths,
    host: Host,
    settings: LifeSettings,
    onEvent: (event: QmpEvent) => void,
  ): Promise<QmpLife> {
    await makeFiles(plan, host, settings.signal);
    const recording = await host.record({
      clockStart: settings.clockStart,
      traceDir: paths.traceDir,
      consoles: plan.consoles,
      fifos: plan.fifos ?? [],
      control: plan.control,
    });
    let process: NativeProcess | undefined;
    const offsets: Partial<Record<ConsoleName, number>> = {};
    const place = () => ({ at: elapsed(settings.clockStart), offsets: { ...offsets } });
    const stop = new AbortController();
    try {
      const qmp = new QmpClient(recording, onEvent);
      recording.listen({
        onBytes: (console, end, at) => {
          offsets[console] = end;
          settings.onBytes(console, end, at);
        },
        onFault: settings.onFault,
        onControl: (line) => qmp.receive(line),
      });
      process = await host.spawn(plan.run.file, plan.run.args, {
        runDir: paths.runDir,
        log: join(paths.traceDir, vmmLogFile),
      });
      const { ended, logTail } = process;
      const died = ended.then((end) => Promise.reject(diedEarly(what, end, logTail())));
      const connected = recording.connected.then(() => qmp.negotiate());
      await Promise.race([
        Promise.all([connected, settings.whileStarting?.()]),
        died,
        aborted(settings.signal, stop.signal),
        outOfTime(`${what} did not connect its consoles and its control channel`, logTail, stop.signal),
      ]);
      died.catch(() => {});
      return new QmpLife(process, recording, qmp, plan.isPersistent, place);
    } catch (error) {
      process?.kill("SIGKILL");
      await process?.ended;
      await recording.close();
      throw error;
    } finally {
      stop.abort();
    }
  }

  async quit(): Promise<void> {
    this.expected = true;
    if (this.isPersistent) {
      // It may end before it answers; only its end counts.
      this.qmp.execute("quit").catch(() => {});
      await endedOrKilled(this.process);
    }
    this.process.kill("SIGKILL");
    await this.ended;
  }

  private async watchEnd(): Promise<VmmEnd> {
    const { exitCode, signal } = await this.process.ended;
    this.qmp.close(new VmmError(`the VMM ended${signal ? ` by ${signal}` : ` with status ${exitCode}`}`));
    await this.recording.finished;
    // Asked to end, it exits or is killed by us. Anything else it did by itself, just before.
    const expected = this.expected && (signal === "SIGKILL" || exitCode === 0);
    return { exitCode, signal, expected, stderrTail: this.process.logTail(), ...this.place() };
  }
}
