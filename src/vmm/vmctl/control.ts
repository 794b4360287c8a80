import type { Host } from "../../host/host.ts";
import type { NativeProcess } from "../../host/process.ts";
import { VmmError } from "../../machine/errors.ts";
import { CommandLife, type Marked } from "../command-life.ts";
import type { LifeSettings, RunningVmm, RunPaths, VmmEvent, VmmPlan } from "../contract.ts";
import { CuEscape } from "./cu-escape.ts";
import { parseStatus, type VmRow } from "./status.ts";
import { type Seen, Watcher } from "./watcher.ts";

/** vmd answers within milliseconds; one that does not in this time is wedged (google/syzkaller #740). */
const answerMs = 15_000;
/** A name is free some time after its VM has ended: syzkaller waits for 3 s. */
const settleMs = 10_000;
const pollMs = 500;

/** Prepares the VM; vmd starts it with the first `resume()`, since it cannot start one paused. */
export async function launchVmctl(
  plan: VmmPlan,
  paths: RunPaths,
  host: Host,
  settings: LifeSettings,
): Promise<RunningVmm> {
  return (await VmctlVm.launch(plan, paths, host, settings)).running;
}

class VmctlVm {
  readonly running: RunningVmm;
  private readonly plan: VmmPlan;
  private readonly vmctl: string;
  private readonly vmName: string;
  private readonly mayTell: boolean;
  private readonly listeners: ((event: VmmEvent) => void)[] = [];
  private readonly escape = new CuEscape();
  private watcher = new Watcher();
  private life!: CommandLife;
  private console: NativeProcess | undefined;
  private consoleStatus: number | null | undefined;
  private state: "new" | "running" | "over" = "new";
  /** vmd has started the guest again: whoever asks for that has it already. */
  private isRestarted = false;
  /** Where the consoles were, and when, as vmd last said that all was as before. */
  private lastSeen: ReturnType<CommandLife["place"]> = { at: 0, offsets: {} };
  private settledAt = 0;
  private sayFirst: () => void = () => {};
  private poll: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();

  static async launch(plan: VmmPlan, paths: RunPaths, host: Host, settings: LifeSettings): Promise<VmctlVm> {
    const vm = new VmctlVm(plan, !settings.withoutEvidence?.includes("state"));
    vm.life = await CommandLife.start(plan, paths, host, settings, (mark) => vm.marked(mark));
    return vm;
  }

  private constructor(plan: VmmPlan, mayTell: boolean) {
    this.plan = plan;
    this.mayTell = mayTell;
    const [stop] = plan.steps?.cleanUp ?? [];
    this.vmctl = plan.run.file;
    this.vmName = stop?.args.find((word) => word.startsWith("petri-")) ?? "";
    const vm = this;
    this.running = {
      capture: "best-effort",
      pid: undefined,
      onEvent: (listener) => vm.listeners.push(listener),
      resume: () => vm.resume(),
      pause: async () => void (await vm.ask("pause", vm.vmName)),
      cannotContinue: () => "vmd ends a VM together with its guest",
      reset: () => vm.reset(),
      quit: () => vm.quit(),
      write: (console, bytes, isSecret) => vm.life.write(console, vm.escape.encode(bytes), isSecret),
      get ended() {
        return vm.life.ended;
      },
      facets: {},
    };
  }

  private async resume(): Promise<void> {
    if (this.state === "running") await this.ask("unpause", this.vmName);
    else await this.start();
  }

  private async start(): Promise<void> {
    this.watcher = new Watcher();
    this.lastSeen = this.life.place();
    this.consoleStatus = undefined;
    this.console = await this.life.spawn();
    this.state = "running";
    // Until vmd has told the VM's process, a restart could not be told from a start.
    const first = new Promise<void>((resolve) => {
      this.sayFirst = resolve;
    });
    this.lookLater(0);
    await first;
  }

  private async reset(): Promise<void> {
    if (this.isRestarted) {
      this.isRestarted = false;
      return;
    }
    await this.stop();
    await this.start();
  }

  /** Ends the VM, and waits until vmd has forgotten it. */
  private async stop(): Promise<void> {
    this.state = "over";
    clearTimeout(this.poll);
    await this.looking;
    const [stop] = this.plan.steps?.cleanUp ?? [];
    if (stop) await this.life.ask(stop, answerMs).catch((error) => this.unlessGone(error));
    this.settledAt = performance.now() + settleMs;
    while ((await this.row()) !== undefined) {
      if (performance.now() > this.settledAt)
        throw new VmmError(`vmd did not end ${this.vmName} within ${settleMs / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    this.console?.kill("SIGKILL");
    await this.console?.ended;
  }

  private async unlessGone(error: unknown): Promise<void> {
    if ((await this.row()) !== undefined) throw error;
  }

  private async quit(): Promise<void> {
    this.state = "over";
    clearTimeout(this.poll);
    this.sayFirst();
    await this.looking;
    await this.life.end();
    // What no signal of ours reaches must not be left behind without a word.
    if (await this.row()) throw new VmmError(`vmd did not end ${this.vmName}: ${this.vmctl} stop -f -w ${this.vmName}`);
  }

  private ask(...args: readonly string[]): Promise<string> {
    return this.life.ask({ file: this.vmctl, args }, answerMs);
  }

  private async row(): Promise<VmRow | undefined> {
    return parseStatus(await this.ask("status", this.vmName)).find(({ name }) => name === this.vmName);
  }

  private lookLater(ms = pollMs): void {
    clearTimeout(this.poll);
    this.poll = setTimeout(() => {
      this.looking = this.look();
    }, ms);
  }

  // vmd reports nothing by itself: what it says when asked is compared with what it said before.
  private async look(): Promise<void> {
    try {
      const row = await this.row();
      if (this.state !== "running") return;
      const place = this.life.place();
      const said = this.console?.logTail() ?? "";
      const seen = this.watcher.look(row, { at: place.at / 1e6, status: this.consoleStatus, said });
      if (seen?.what === "error" && this.isSettling(said)) return await this.spawnAgain();
      if (seen) this.tell(seen);
      if (seen || row?.pid !== undefined) this.sayFirst();
      this.lastSeen = place;
      if (this.stateNow === "running") this.lookLater();
    } catch (error) {
      if (this.stateNow === "running") this.tell({ what: "error", evidence: [(error as Error).message] });
      this.sayFirst();
    }
  }

  private async spawnAgain(): Promise<void> {
    this.consoleStatus = undefined;
    this.console = await this.life.spawn();
    this.lookLater();
  }

  /** vmd forgets a VM some time after it says that it is gone; until then its name and its disk are taken. */
  private isSettling(said: string): boolean {
    return performance.now() < this.settledAt && /(Operation already in progress|Device busy)$/.test(said);
  }

  /** It changes while others are waited for, which the compiler does not see. */
  private get stateNow(): "new" | "running" | "over" {
    return this.state;
  }

  private marked(mark: Marked): void {
    if (!("ended" in mark) || mark.ended !== this.console?.pid) return;
    this.consoleStatus = mark.status;
    // Most often the VM's end: no need to wait until the next look.
    if (this.state === "running") this.lookLater(0);
  }

  private tell({ what, evidence }: Seen): void {
    const base = { cause: "unknown", evidence, confidence: "inferred" } as const;
    if (what === "restarted") {
      this.isRestarted = this.mayTell;
      // The new boot has printed since the old one was last seen: all since then counts as its own.
      if (this.mayTell) this.send({ ...base, kind: "reset", ...this.lastSeen });
      return;
    }
    this.state = "over";
    if (what === "error") this.send({ ...base, kind: "vmm-error", confidence: "reported", ...this.life.place() });
    else if (this.mayTell) this.send({ ...base, kind: "shutdown", ...this.life.place() });
  }

  private send(event: VmmEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}
