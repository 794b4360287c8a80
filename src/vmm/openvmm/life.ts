import { join } from "node:path";
import type { Host } from "../../host/host.ts";
import { diedEarly, type NativeProcess } from "../../host/process.ts";
import type { Terminal } from "../../host/pty.ts";
import type { Recording } from "../../host/recording.ts";
import { VmmError } from "../../machine/errors.ts";
import type { ConsoleName } from "../../machine/machine.ts";
import { elapsed } from "../../trace/append.ts";
import { vmmLogFile } from "../../trace/writer.ts";
import type { LifeSettings, RunPaths, VmmEnd, VmmPlan } from "../contract.ts";
import { aborted, endedOrKilled, makeFiles, outOfTime } from "../life-steps.ts";
import { type LogLine, readLogLine } from "./log.ts";
import { Repl } from "./repl.ts";

const what = "OpenVMM";
/** Lines of the log that an error shows. */
const tailLines = 12;

/** One process of OpenVMM: its terminal, its log and its consoles, from before it starts to its end. */
export class OpenvmmLife {
  readonly process: NativeProcess;
  readonly recording: Recording;
  readonly repl: Repl;
  readonly ended: Promise<VmmEnd>;
  private readonly plan: VmmPlan;
  private readonly logTail: () => string;
  private readonly place: () => Pick<VmmEnd, "at" | "offsets">;
  private expected = false;

  private constructor(
    parts: Pick<OpenvmmLife, "process" | "recording" | "repl">,
    plan: VmmPlan,
    logTail: () => string,
    place: () => Pick<VmmEnd, "at" | "offsets">,
  ) {
    this.process = parts.process;
    this.recording = parts.recording;
    this.repl = parts.repl;
    this.plan = plan;
    this.logTail = logTail;
    this.place = place;
    this.ended = this.watchEnd();
  }

  /**
   * Starts OpenVMM paused. Its consoles are sockets on which it listens, and what a guest prints while nobody is connected
   * is lost: so we are, before anything runs. Rejects with VmmError, with nothing left running, if it ends first.
   */
  static async start(
    plan: VmmPlan,
    paths: RunPaths,
    host: Host,
    settings: LifeSettings,
    onLine: (line: LogLine) => void,
  ): Promise<OpenvmmLife> {
    await makeFiles(plan, host, settings.signal);
    const log = join(paths.traceDir, vmmLogFile);
    const { control = join(paths.runDir, "control") } = plan;
    const recording = await host.record({
      clockStart: settings.clockStart,
      traceDir: paths.traceDir,
      consoles: plan.consoles,
      // The keys are the plan's own.
      dialled: Object.keys(plan.consoles) as ConsoleName[],
      control,
      controlLog: log,
    });
    let process: NativeProcess | undefined;
    const offsets: Partial<Record<ConsoleName, number>> = {};
    const place = () => ({ at: elapsed(settings.clockStart), offsets: { ...offsets } });
    const said: string[] = [];
    const logTail = () => said.join("\n");
    const stop = new AbortController();
    try {
      const spawned = await host.spawn(plan.run.file, plan.run.args, {
        ...{ runDir: paths.runDir, log, hasTerminal: true, stderrTo: control },
        env: environment(paths),
      });
      process = spawned;
      const repl = new Repl(terminalOf(spawned), (line) => recording.control(line));
      recording.listen({
        onBytes: (console, end, at) => {
          offsets[console] = end;
          settings.onBytes(console, end, at);
        },
        onFault: settings.onFault,
        onControl: (line) => {
          said.push(line.line);
          said.splice(0, said.length - tailLines);
          const read = readLogLine(line);
          if (read) repl.take(read);
          if (read) onLine(read);
        },
      });
      const died = spawned.ended.then(async (end) => {
        // Its last words are in the socket still.
        await recording.finished;
        throw diedEarly(what, end, logTail());
      });
      const connected = repl.prompted.then(() => {
        recording.dial();
        return recording.connected;
      });
      await Promise.race([
        Promise.all([connected, settings.whileStarting?.()]),
        died,
        aborted(settings.signal, stop.signal),
        outOfTime(`${what} did not show its prompt`, logTail, stop.signal),
      ]);
      died.catch(() => {});
      return new OpenvmmLife({ process: spawned, recording, repl }, plan, logTail, place);
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
    if (this.plan.isPersistent) {
      // It ends without an answer; only its end counts.
      this.repl.say("quit");
      await endedOrKilled(this.process);
    }
    this.process.kill("SIGKILL");
    await this.ended;
  }

  private async watchEnd(): Promise<VmmEnd> {
    const { exitCode, signal } = await this.process.ended;
    this.repl.close(new VmmError(`OpenVMM ended${signal ? ` by ${signal}` : ` with status ${exitCode}`}`));
    await this.recording.finished;
    // Asked to end, it exits or is killed by us. Anything else it did by itself, just before.
    const expected = this.expected && (signal === "SIGKILL" || exitCode === 0);
    return { exitCode, signal, expected, stderrTail: this.logTail(), ...this.place() };
  }
}

function environment({ runDir }: RunPaths): Record<string, string> {
  return {
    // What it says of its guest is at this level, and must not be held back.
    OPENVMM_LOG: "info",
    OPENVMM_DISABLE_TRACING_RATELIMITS: "1",
    // A terminal without cursor movement: a prompt, and lines.
    TERM: "dumb",
    // It keeps the history of its commands.
    XDG_STATE_HOME: runDir,
  };
}

function terminalOf({ terminal }: NativeProcess): Terminal {
  if (terminal) return terminal;
  throw new VmmError("OpenVMM was started without a terminal");
}
