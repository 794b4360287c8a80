import type { Host } from "../../host/host.ts";
import type { NativeProcess } from "../../host/process.ts";
import { VmmError } from "../../machine/errors.ts";
import { CommandLife, type Marked } from "../command-life.ts";
import type { LifeSettings, NativeCommand, RunningVmm, RunPaths, VmmEvent, VmmPlan } from "../contract.ts";
import { verdictOf } from "./exits.ts";

/** Prepares the VM and loads it; its process starts with the first `resume()`, since bhyve cannot start paused. */
export async function launchBhyve(
  plan: VmmPlan,
  paths: RunPaths,
  host: Host,
  settings: LifeSettings,
): Promise<RunningVmm> {
  return (await BhyveVm.launch(plan, paths, host, settings)).running;
}

/** One run of bhyve, from its start to the change of power that ends it. */
interface Run {
  readonly process: NativeProcess;
  readonly startedAt: number;
  readonly bytesBefore: number;
  /** Its end was asked for by Petri: it is no event. */
  isOurs: boolean;
  wasAsked: boolean;
}

class BhyveVm {
  readonly running: RunningVmm;
  private readonly plan: VmmPlan;
  private readonly mayTell: boolean;
  private readonly listeners: ((event: VmmEvent) => void)[] = [];
  private readonly runs = new Map<number, Run>();
  private life!: CommandLife;
  private current: Run | undefined;

  static async launch(plan: VmmPlan, paths: RunPaths, host: Host, settings: LifeSettings): Promise<BhyveVm> {
    const vm = new BhyveVm(plan, !settings.withoutEvidence?.includes("exit-status"));
    vm.life = await CommandLife.start(plan, paths, host, settings, (mark) => vm.marked(mark));
    try {
      await vm.life.load();
    } catch (error) {
      await vm.life.end();
      throw error;
    }
    return vm;
  }

  private constructor(plan: VmmPlan, mayTell: boolean) {
    this.plan = plan;
    this.mayTell = mayTell;
    const vm = this;
    this.running = {
      capture: "from-reset",
      pid: undefined,
      onEvent: (listener) => vm.listeners.push(listener),
      resume: () => vm.resume(),
      pause: async () => vm.current?.process.kill("SIGSTOP"),
      cannotContinue: () => "bhyve ends when the power of its guest changes",
      reset: () => vm.reset(),
      quit: () => vm.quit(),
      write: (console, bytes, isSecret) => vm.life.write(console, bytes, isSecret),
      get ended() {
        return vm.life.ended;
      },
      facets: {
        powerButton: async () => vm.pressButton(),
        nmi: async () => void (await vm.ask("--inject-nmi")),
        registers: () => vm.ask("--get-all"),
      },
    };
  }

  private async resume(): Promise<void> {
    if (this.current) this.current.process.kill("SIGCONT");
    else await this.start();
  }

  private async start(): Promise<void> {
    const { at, offsets } = this.life.place();
    const process = await this.life.spawn();
    const run = { process, startedAt: at, bytesBefore: offsets.com1 ?? 0, isOurs: false, wasAsked: false };
    this.runs.set(process.pid, run);
    this.current = run;
  }

  /** bhyve ends at every reset: the next run begins where this one would have gone on. */
  private async reset(): Promise<void> {
    const run = this.current;
    if (run) {
      run.isOurs = true;
      // Not by `bhyvectl --force-reset`: bhyve would not hear of it while it starts.
      run.process.kill("SIGKILL");
      await run.process.ended;
      this.current = undefined;
    }
    await this.life.load();
    await this.start();
  }

  private async quit(): Promise<void> {
    if (this.current) this.current.isOurs = true;
    await this.life.end();
  }

  // bhyve(8), "SIGNAL HANDLING".
  private pressButton(): void {
    if (!this.current) throw new VmmError("no bhyve runs whose power button could be pressed");
    this.current.wasAsked = true;
    this.current.process.signal("SIGTERM");
  }

  private ask(option: string): Promise<string> {
    return this.life.ask(controlCommand(this.plan, option));
  }

  private marked(mark: Marked): void {
    if (!("ended" in mark)) return;
    const run = this.runs.get(mark.ended);
    this.runs.delete(mark.ended);
    if (!run || run.isOurs) return;
    if (this.current === run) this.current = undefined;
    const { at, offsets, status, signal } = mark;
    const verdict = verdictOf({
      ...{ status: this.mayTell ? status : null, signal, wasAsked: run.wasAsked },
      stderr: run.process.logTail(),
      hasSpoken: (offsets.com1 ?? 0) > run.bytesBefore,
      ranMs: (at - run.startedAt) / 1e6,
    });
    for (const listener of this.listeners) listener({ ...verdict, at, offsets });
  }
}

/** bhyvectl(8) for this VM: the plan has it for destroying it. */
function controlCommand({ steps }: VmmPlan, option: string): NativeCommand {
  const [destroy] = steps?.cleanUp ?? [];
  if (!destroy) throw new VmmError("the plan has no bhyvectl");
  return { file: destroy.file, args: [...destroy.args.filter((word) => word.startsWith("--vm=")), option] };
}
