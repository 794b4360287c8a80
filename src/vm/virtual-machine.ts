import type { Console } from "../console/console.ts";
import type { BootPhase } from "../console/phases/phase.ts";
import type { Guest } from "../guest/driver.ts";
import { TapJournal } from "../guest/tap/journal.ts";
import type { TapResult } from "../guest/tap/result.ts";
import type { ResolvedImage } from "../image/recipe.ts";
import { GuestCrash, UnsupportedError, UsageError, VmmError } from "../machine/errors.ts";
import type { ConsoleName, Machine } from "../machine/machine.ts";
import type { Placement } from "../machine/placement.ts";
import { actionFor, type PowerEvent } from "../power/event.ts";
import { describeEvent, type PowerJournal, parseAction } from "../power/journal.ts";
import { type Wait, Waits } from "../power/wait.ts";
import { elapsed } from "../trace/append.ts";
import type { UntimedEvent } from "../trace/event.ts";
import type { Verdict } from "../trace/writer.ts";
import type { FacetName, Facets, VmmEvent, VmmPlan } from "../vmm/contract.ts";
import { BootLoop } from "./boot-loop.ts";
import { BootPhases } from "./boot-phases.ts";
import { type ConsoleTapOptions, ConsoleTaps } from "./console-taps.ts";
import { type CrashScene, eventMessage, surroundings } from "./crash-message.ts";
import { CrashWatch } from "./crash-watch.ts";
import type { FindingJournal } from "./findings.ts";
import { noProgress } from "./hang-evidence.ts";
import { KeptVm } from "./kept/kept-vm.ts";
import { sshLine } from "./kept/ssh-line.ts";
import { looseEnds } from "./loose-ends.ts";
import { machineEvidence } from "./machine-evidence.ts";
import type { PhaseRecord } from "./phase-tracker.ts";
import type { ReachOptions } from "./reach.ts";
import { recordedFacets } from "./recorded-facets.ts";
import { climb, type Shutdown, type ShutdownOptions } from "./shutdown-ladder.ts";
import { Steps } from "./steps.ts";
import { VmOver } from "./vm-over.ts";
import type { VmExit, VmParts, VmState } from "./vm-parts.ts";
import { Vsock } from "./vsock.ts";
import { type WatchedGuest, watchGuest } from "./watched-guest.ts";

/** One virtual machine: what a test holds. Made by `boot()`; ends with `quit()` or `await using`. */
export class VirtualMachine {
  readonly machine: Machine;
  readonly placement: Placement;
  readonly plan: VmmPlan;
  readonly image: ResolvedImage | undefined;
  readonly power: PowerJournal;
  /** What the consoles reported: crashes, warnings, emergency shells. */
  readonly findings: FindingJournal;
  readonly guest: Guest;
  /** Every stream of TAP that was read of the guest. */
  readonly taps: TapJournal;
  /** Streams between host and guest, for a machine with `vsock: true`. */
  readonly vsock: Vsock;
  /** The folder that holds the record of this VM. */
  readonly traceDir: string;
  /** Resolves with the error when the guest crashes unexpectedly, or the VMM fails. */
  readonly crashed: Promise<Error>;
  /** Resolves when an `exit` action has ended the VM. */
  readonly exited: Promise<VmExit>;
  private readonly parts: VmParts;
  /** Of the guest. */
  private readonly asked: Waits;
  private readonly watchedGuest: WatchedGuest;
  private readonly consoleTaps: ConsoleTaps;
  private readonly boots: BootPhases;
  private readonly crashes: CrashWatch;
  private readonly bootLoop: BootLoop;
  private currentState: VmState = "paused";
  private poisoned: Error | undefined;
  private sayCrashed: (error: Error) => void = () => {};
  private sayExited: (exit: VmExit) => void = () => {};
  private quitting: Promise<void> | undefined;
  private acting: Promise<void> = Promise.resolve();
  private resetting: Promise<void> = Promise.resolve();
  private readonly steps: Steps;
  private readonly facets: Partial<Facets>;
  /** What an unexpected crash left in the vCPUs, on its way into the record: no end and no reset comes before it. */
  private evidence: Promise<unknown> | undefined;
  private keptVm: KeptVm | undefined;
  private bootOffsets: VmmEvent["offsets"] = {};

  constructor(parts: VmParts) {
    this.parts = parts;
    this.machine = parts.machine;
    this.placement = parts.placement;
    this.plan = parts.plan;
    this.image = parts.image;
    this.power = parts.power;
    this.traceDir = parts.trace.dir;
    this.steps = new Steps((event) => this.note(event));
    this.facets = recordedFacets(parts.running.facets, this.traceDir, (event) => this.note(event));
    this.crashed = new Promise((resolve) => {
      this.sayCrashed = resolve;
    });
    this.exited = new Promise((resolve) => {
      this.sayExited = resolve;
    });
    this.crashes = new CrashWatch({
      ...{ consoles: parts.consoles, plan: parts.plan, traceDir: parts.trace.dir },
      ...{
        policy: parts.oracle,
        ignoresPanics: parts.ignoresPanics,
        findings: parts.findings,
        vmlinux: parts.vmlinux,
        now: () => elapsed(parts.trace.clockStart),
      },
      note: (event, t) => this.note(event, t),
      fail: (error) => this.fail(error),
    });
    this.findings = this.crashes.findings;
    this.asked = new Waits(parts.progress);
    this.taps = new TapJournal((event) => this.note(event));
    this.consoleTaps = new ConsoleTaps({
      ...{ consoles: parts.consoles, taps: this.taps, waits: this.asked, defaultTimeoutMs: parts.defaultTimeoutMs },
    });
    this.boots = new BootPhases(parts, this.asked, (event, t) => this.note(event, t));
    this.vsock = new Vsock({
      ...{ channel: parts.vsock?.channel, waits: this.asked, defaultTimeoutMs: parts.defaultTimeoutMs },
      note: (event) => this.note(event),
    });
    this.bootLoop = new BootLoop({ atMost: parts.restartsAtMost, progress: parts.progress, scene: this.scene });
    this.watchedGuest = watchGuest(parts.makeGuest(this), this.asked);
    this.guest = this.watchedGuest.guest;
    parts.running.onEvent((event) => this.happened(event));
    void parts.running.ended.then((end) => {
      const { exitCode, signal } = end;
      this.note({ kind: "vm", what: "ended", exitCode, signal });
      this.over("ended", end.expected ? "the VM was ended" : "the VMM ended", { inOrder: end.expected });
    });
  }

  get state(): VmState {
    return this.currentState;
  }

  /** A serial line, `com1` unless named. Throws UsageError for one the machine does not have. */
  console(name: ConsoleName = "com1"): Console {
    const found = this.parts.consoles.get(name);
    if (found) return found;
    throw new UsageError(`the machine has no ${name}: set consoles.${name} to "capture"`);
  }

  /** Hands over every byte of a console from its first, in order; the next piece when the promise is settled. */
  onBytes(name: ConsoleName, listener: (bytes: Buffer) => void | Promise<void>): void {
    this.parts.consoles.pipe(name, listener);
  }

  /**
   * Reads a stream of TAP or KTAP that the guest prints on a console: a program's, or the kernel's own (KUnit). Whatever
   * else is printed meanwhile is left out. Rejects with TapError if the stream is cut off, damaged or not as planned; a
   * result that failed fails the test unless somebody looks at it.
   *
   * @example
   * const { ok, failed } = await vm.tap({ timeout: "1m" });
   */
  tap(options: ConsoleTapOptions = {}): Wait<TapResult> {
    return this.consoleTaps.read(options);
  }

  /** Every phase that every boot has got to so far, in order. */
  get phases(): readonly PhaseRecord[] {
    return this.boots.records;
  }

  /** The phase that the boot under way is in; undefined while none was recognised. */
  get phase(): BootPhase | undefined {
    return this.boots.current?.phase;
  }

  /**
   * Waits until the boot under way is in a phase or beyond it, since boots may leave phases out; resolves with the first
   * record that says so. `within` counts from where the boot began: the VM's first resume, or the last reset. Rejects
   * with TimeoutError, or with what ended the VM; throws UsageError for a word that is no phase.
   *
   * @example
   * await vm.reach("kernel", { within: "2s" });
   */
  reach(phase: BootPhase, options: ReachOptions = {}): Wait<PhaseRecord> {
    return this.boots.reach(phase, options);
  }

  /** Hears of every phase from now on. */
  onPhase(listener: (phase: PhaseRecord) => void): void {
    this.boots.listen(listener);
  }

  /** The guest got on, says who knows better: the time for progress (`progressWithin`) begins anew. */
  progress(): void {
    this.bootLoop.progressed();
    this.parts.progress.progress();
  }

  async pause(): Promise<void> {
    this.check();
    await this.parts.running.pause();
    this.note({ kind: "vm", what: "paused" });
    this.currentState = "paused";
    this.parts.progress.isRunning = false;
  }

  /** Lets a paused guest run on. A halted one needs `resumeFromHalt()` or `reset()`. */
  async resume(): Promise<void> {
    this.check();
    if (this.currentState === "halted") {
      throw new UsageError("the guest is halted, not paused: use resumeFromHalt() where it can go on, or reset()");
    }
    this.boots.resumed();
    await this.goOn();
  }

  /**
   * Lets a guest that an event has halted run on from where it stands: after a panic or a watchdog it may, on a VMM that
   * can. Throws UsageError if it is not halted, UnsupportedError with the reason where only `reset()` helps.
   */
  async resumeFromHalt(): Promise<void> {
    this.check();
    await this.acting;
    const last = this.power.events.at(-1);
    if (this.currentState !== "halted" || !last) {
      throw new UsageError(`the guest is ${this.currentState}, not halted: there is nothing to resume from`);
    }
    const reason = this.parts.running.cannotContinue(last);
    if (reason) throw new UnsupportedError(`the guest cannot go on: ${reason}; use reset()`);
    this.crashes.resumed();
    this.reopen();
    await this.goOn();
  }

  private async goOn(): Promise<void> {
    this.currentState = "running";
    this.note({ kind: "vm", what: "resumed" });
    this.parts.progress.isRunning = true;
    await this.parts.running.resume();
  }

  /** Back to the reset vector, and on. Of several at once each is carried out, one after the other. */
  reset(): Promise<void> {
    const mine = this.resetting.then(() => this.resetNow());
    this.resetting = mine.catch(() => {});
    return mine;
  }

  private async resetNow(): Promise<void> {
    this.check();
    // A guest that still prints is stopped first: this boot's last bytes are not the next one's first.
    if (this.currentState === "running") await this.parts.running.pause();
    this.bootOffsets = this.parts.consoles.ends();
    this.boots.begin();
    await this.restart();
  }

  /**
   * Makes the guest power off, by one rung of the ladder after the other until one works: the driver's command, then the
   * power button, 30 s each, if nothing else is said. What each did is a step of the record. Rejects with TimeoutError
   * if the guest hangs, and at once if it does something else; `kill` as last rung ends it whatever it does.
   *
   * @example
   * const { rung } = await vm.shutdown({ ladder: [{ rung: "button", within: "10s" }, "kill"] });
   */
  shutdown(options: ShutdownOptions = {}): Wait<Shutdown> {
    return this.asked.start("vm.shutdown()", (resolve, reject) => void this.shutDown(options).then(resolve, reject));
  }

  private async shutDown(options: ShutdownOptions): Promise<Shutdown> {
    this.check();
    if (this.currentState !== "running") throw new UsageError(`the VM is ${this.currentState}: it cannot shut down`);
    const { guest, facets, power } = this;
    const step: VirtualMachine["step"] = (title, body) => this.step(title, body);
    const scene = () => surroundings(this.scene, "com1");
    return await climb({ guest, facets, power, step, scene, kill: () => this.quit() }, options);
  }

  /** Byte offset of a console from which the output of this boot counts. */
  bootOffset(name: ConsoleName = "com1"): number {
    return this.bootOffsets[name] ?? 0;
  }

  /** Ends the VM, whatever it is doing; nothing is left behind. Idempotent. */
  quit(): Promise<void> {
    this.quitting ??= this.end();
    return this.quitting;
  }

  /**
   * An ability that not every VMM has. Throws UnsupportedError with the reason where it is missing. Files that it writes
   * are named from the trace's folder on: `await vm.facet("dumpMemory")("memory.elf")`.
   */
  facet<F extends FacetName>(name: F): Facets[F] {
    const facet = this.facets[name];
    if (facet) return facet as Facets[F];
    throw new UnsupportedError(`${this.plan.vmm} has no ${name} for this machine`);
  }

  /**
   * Allows exactly one crash (or warning): one whose report has a title, or whose event has a cause or evidence, with
   * this text or match; any one without a pattern. What follows from it counts as the same crash (crash-judge.ts).
   */
  expectCrash(pattern?: RegExp | string): void {
    this.crashes.expect(pattern);
  }

  /** True while a crash that was asked for has not come. */
  get expectsCrash(): boolean {
    return this.crashes.unmet().length > 0;
  }

  /** Why the VM is of no use any more: an unexpected crash, or what failed beneath the guest. */
  get failure(): Error | undefined {
    return this.poisoned;
  }

  /** Records a step of the test with its time, and how it went. */
  step<T>(title: string, body: () => Promise<T>): Promise<T> {
    return this.steps.run(title, body);
  }

  /** Records how the run was judged, before or after its end. Throws HostError if the trace cannot be written. */
  conclude(verdict: Verdict): void {
    this.parts.trace.conclude(verdict);
  }

  /** The same VM for somebody who looks at it once its test has failed. */
  kept(): KeptVm {
    this.keptVm ??= new KeptVm({
      ...{ vmm: this.plan.vmm, traceDir: this.traceDir, facets: this.facets },
      ssh: sshLine(this.machine, this.image),
      ...{ running: this.parts.running, consoles: this.parts.consoles },
      state: () => this.state,
      lastEvent: () => this.power.events.at(-1),
      note: (event) => this.note(event),
    });
    return this.keptVm;
  }

  /** Something failed beneath the guest, such as a full disk: the VM is of no use any more, and `crashed` says so. */
  fail(error: Error): void {
    if (error instanceof GuestCrash && !this.poisoned && this.currentState !== "ended") this.keepEvidence();
    this.poison(error);
    this.sayCrashed(error);
  }

  /** From now on every call on this VM rejects with the reason. */
  poison(reason: Error): void {
    this.poisoned ??= reason;
    this.parts.progress.close();
    this.parts.consoles.poison(reason);
    this.power.poison(reason);
    this.findings.poison(reason);
    this.boots.poison(reason);
    this.vsock.end(reason);
  }

  private keepEvidence(): void {
    const { traceDir, parts } = this;
    this.evidence = machineEvidence({
      facets: parts.running.facets,
      traceDir,
      picture: "crash.png",
      note: (event) => this.note(event),
    });
  }

  /** Nothing came of these waits for all of `budgetMs`: the guest hangs. Fails the VM with what its vCPUs and screen show. */
  async stuck(waits: readonly string[], budgetMs: number): Promise<void> {
    const { facets } = this.parts.running;
    const note = (event: UntimedEvent) => this.note(event);
    this.fail(await noProgress({ waits, budgetMs, facets, scene: this.scene, note }));
  }

  /** What must not be left at the end of a test: events nobody looked at, waits nobody awaited, crashes that never came. */
  loose(): string[] {
    const { power, crashes, watchedGuest, taps, asked, findings } = this;
    return looseEnds(power, crashes, [watchedGuest, taps], [this.parts.consoles, asked, power, findings]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.quit();
  }

  private get scene(): CrashScene {
    return { consoles: this.parts.consoles, plan: this.plan, traceDir: this.traceDir };
  }

  private check(): void {
    if (this.poisoned) throw this.poisoned;
    if (this.currentState === "ended") throw new UsageError("the VM has ended");
  }

  private happened(told: VmmEvent): void {
    const seen = this.crashes.explain(told);
    const action = actionFor(seen.kind, this.machine.power);
    // Before anybody hears of the event: from then on the next boot's output is what counts.
    if (action === "reset") {
      this.bootOffsets = seen.offsets;
      this.boots.begin(seen.at);
    }
    this.parts.progress.progress();
    const event = this.power.record({ ...seen, action });
    this.note({ kind: "power", event: { ...event, evidence: [...event.evidence] } }, event.at);
    if (event.kind === "vmm-error") {
      return this.fail(new VmmError(eventMessage("the VM cannot go on", event, this.scene)));
    }
    // Whoever was waiting for it has just been given it.
    this.crashes.happened(event, !this.power.unacknowledged().includes(event));
    if (action === "reset" && (this.parts.restartsAtMost !== undefined || !this.power.allows(event.kind))) {
      const loop = this.bootLoop.restarted(event);
      if (loop) return this.fail(loop);
    }
    this.acting = this.acting
      .then(() => this.act(event))
      .catch((error) => {
        // A VM that is being ended need not carry out its action.
        if (!this.quitting) this.fail(error as Error);
      });
  }

  private async act(event: PowerEvent): Promise<void> {
    if (this.evidence) await this.evidence;
    if (this.quitting) return;
    if (event.action === "none") return this.over("halted", describeEvent(event));
    const { action, code = 0 } = parseAction(event.action);
    if (action === "reset") {
      this.check();
      return await this.restart();
    }
    if (action === "halt") return this.over("halted", describeEvent(event));
    this.over("ended", describeEvent(event));
    await this.quit();
    this.sayExited({ code, event });
  }

  private async restart(): Promise<void> {
    this.currentState = "running";
    this.crashes.restarted();
    this.parts.consoles.stopped(new Error("the guest was reset"));
    this.reopen();
    this.parts.progress.isRunning = true;
    this.note({ kind: "vm", what: "reset" });
    await this.parts.running.reset();
  }

  /** After an end that was none: more is to come. */
  private reopen(): void {
    this.parts.consoles.reopen();
    this.power.reopen();
    this.boots.reopen();
    this.vsock.restarted();
    this.parts.progress.progress();
  }

  /** No more output will come: whoever waits for some is told why. */
  private over(state: "halted" | "ended", why: string, how: { inOrder: boolean } = { inOrder: true }): void {
    if (this.currentState !== "ended") this.currentState = state;
    const reason = new VmOver(why);
    this.parts.progress.isRunning = false;
    // A crash in the last bytes is a better reason than the end.
    this.crashes.over(reason);
    this.parts.consoles.end(reason, how);
    this.power.end(reason);
    this.boots.end(reason);
    this.vsock.end(reason);
  }

  /** Adds to the trace. A disk that refuses it fails the VM, not whoever happened to be noted. */
  private note(event: UntimedEvent, t?: number): void {
    try {
      this.parts.trace.append(event, t);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  private async end(): Promise<void> {
    this.note({ kind: "vm", what: "quit" });
    this.parts.progress.close();
    try {
      await this.evidence;
      await this.parts.running.quit();
      await this.parts.running.ended;
    } finally {
      this.over("ended", "the VM was ended");
      this.parts.consoles.close();
      await this.parts.vsock?.close();
      this.parts.release();
      this.parts.trace.close();
    }
  }
}
