import { join } from "node:path";
import type { Host } from "../host/host.ts";
import type { NativeProcess } from "../host/process.ts";
import type { ControlLine, Recording } from "../host/recording.ts";
import type { Stdio } from "../host/stdio.ts";
import { HostError, VmmError } from "../machine/errors.ts";
import type { ConsoleName } from "../machine/machine.ts";
import { elapsed } from "../trace/append.ts";
import { vmmLogFile } from "../trace/writer.ts";
import type { LifeSettings, NativeCommand, PlanStep, RunPaths, VmmEnd, VmmPlan } from "./contract.ts";
import { copy } from "./copy.ts";

/** A loader reads a kernel, a tool asks a kernel or a daemon: one that takes longer hangs. */
const stepMs = 60_000;

/** What a life records of itself, one JSON document a mark. */
export type LifeMark =
  | { readonly ran: readonly string[] }
  | { readonly started: number; readonly command: readonly string[] }
  | { readonly ended: number; readonly status: number | null; readonly signal: string | null }
  | { readonly said: string };

/** A mark, when it was made, and how much each console had printed by then. */
export type Marked = LifeMark & Pick<ControlLine, "at" | "offsets" | "line">;

interface LifeParts {
  readonly plan: VmmPlan;
  readonly host: Host;
  readonly paths: RunPaths;
  readonly settings: LifeSettings;
  readonly recording: Recording;
  readonly offsets: Partial<Record<ConsoleName, number>>;
}

/**
 * The part of a life that every VMM without a control channel shares: consoles that outlive the processes that print to
 * them, commands before and after each, and one end, when the VM is given up.
 */
export class CommandLife {
  readonly ended: Promise<VmmEnd>;
  private readonly plan: VmmPlan;
  private readonly host: Host;
  private readonly paths: RunPaths;
  private readonly settings: LifeSettings;
  private readonly recording: Recording;
  private stdio: Stdio | undefined;
  private readonly offsets: Partial<Record<ConsoleName, number>>;
  private sayEnded: (end: VmmEnd) => void = () => {};
  private ending: Promise<void> | undefined;
  private last: NativeProcess | undefined;

  private constructor(parts: LifeParts) {
    this.plan = parts.plan;
    this.host = parts.host;
    this.paths = parts.paths;
    this.settings = parts.settings;
    this.recording = parts.recording;
    this.offsets = parts.offsets;
    this.ended = new Promise((resolve) => {
      this.sayEnded = resolve;
    });
  }

  /**
   * Makes the plan's files, records its consoles and runs what prepares it. Rejects with VmmError or HostError, with
   * nothing left behind.
   */
  static async start(
    plan: VmmPlan,
    paths: RunPaths,
    host: Host,
    settings: LifeSettings,
    onMark: (mark: Marked) => void,
  ): Promise<CommandLife> {
    for (const { from, to } of plan.copies) copy(host, from, to);
    for (const { path, text } of plan.files ?? []) host.writeFile(path, text);
    host.keepCleanUp(
      paths.runDir,
      (plan.steps?.cleanUp ?? []).map(({ file, args }) => [file, ...args]),
    );
    const { consoles, fifos = [] } = plan;
    const { clockStart } = settings;
    const recording = await host.record({ clockStart, traceDir: paths.traceDir, consoles, fifos });
    const offsets: Partial<Record<ConsoleName, number>> = {};
    recording.listen({
      onBytes: (console, end, at) => {
        offsets[console] = end;
        settings.onBytes(console, end, at);
      },
      onFault: settings.onFault,
      // Our own words, which come back with the time and the place they have in the record.
      onControl: (line) => onMark({ ...(JSON.parse(line.line) as LifeMark), ...line }),
    });
    const life = new CommandLife({ plan, host, paths, settings, recording, offsets });
    try {
      await life.openStdio();
      await Promise.all([life.run(plan.steps?.prepare ?? []), settings.whileStarting?.()]);
      settings.signal?.throwIfAborted();
      return life;
    } catch (error) {
      await life.end();
      throw error;
    }
  }

  /** What the plan runs before each start of the guest. Rejects with VmmError if one of them fails. */
  async load(): Promise<void> {
    await this.run(this.plan.steps?.load ?? []);
  }

  /** Starts the process that runs the guest, or another one of the same console. Its end is a mark. */
  async spawn({ file, args }: NativeCommand = this.plan.run): Promise<NativeProcess> {
    const started = await this.host.spawn(file, args, {
      runDir: this.paths.runDir,
      log: join(this.paths.traceDir, vmmLogFile),
      ...(this.stdio && { stdio: this.stdio }),
    });
    this.last = started;
    const { pid } = started;
    this.settings.onSpawn?.(pid);
    this.mark({ started: pid, command: [file, ...args] });
    void started.ended.then(({ exitCode, signal }) => this.mark({ ended: pid, status: exitCode, signal }));
    return started;
  }

  /** Runs a command to its end, and gives what it printed. Rejects with VmmError if it fails. */
  async ask({ file, args, input }: PlanStep, timeoutMs = stepMs): Promise<string> {
    this.mark({ ran: [file, ...args] });
    try {
      const { stdout } = await this.host.run(file, args, { timeoutMs, ...(input !== undefined && { input }) });
      return stdout.toString();
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      throw new VmmError(error.message, { cause: error });
    }
  }

  /** Adds to the record; whoever started this life hears of it in order. */
  mark(mark: LifeMark): void {
    this.recording.mark(JSON.stringify(mark));
  }

  write(console: ConsoleName, bytes: Uint8Array, isSecret?: boolean): void {
    this.recording.write(console, bytes, isSecret);
  }

  /** Bytes each console had produced, and when that was. */
  place(): Pick<VmmEnd, "at" | "offsets"> {
    return { at: elapsed(this.settings.clockStart), offsets: { ...this.offsets } };
  }

  /** The VM is given up: kills what still runs, cleans up, and settles `ended`. Idempotent. */
  end(): Promise<void> {
    this.ending ??= this.endNow();
    return this.ending;
  }

  private async endNow(): Promise<void> {
    this.last?.kill("SIGKILL");
    const how = await this.last?.ended;
    try {
      await this.run(this.plan.steps?.cleanUp ?? []);
    } finally {
      this.stdio?.close();
      // Bytes that are still on their way end with the console: nobody holds its other end any more.
      if (!this.stdio) await this.recording.close();
      await this.recording.finished;
      const { exitCode = null, signal = null } = how ?? {};
      this.sayEnded({ exitCode, signal, expected: true, stderrTail: this.last?.logTail() ?? "", ...this.place() });
    }
  }

  private async openStdio(): Promise<void> {
    const { stdio, consoles, fifos = [] } = this.plan;
    const path = stdio && consoles[stdio];
    if (path !== undefined)
      this.stdio = await this.host.openStdio(path, fifos.includes(stdio as ConsoleName) ? "fifo" : "socket");
  }

  private async run(steps: readonly PlanStep[]): Promise<void> {
    for (const step of steps) {
      try {
        await this.ask(step);
      } catch (error) {
        if (!step.mayFail) throw error;
      }
    }
  }
}
