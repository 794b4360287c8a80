import { existsSync } from "node:fs";
import { relative } from "node:path";
import type { RunnerTestCase, TestError } from "vitest";
import { acquireLease, type Lease } from "../host/leases.ts";
import type { ResolvedImage } from "../image/recipe.ts";
import { type MachineOverrides, mergeMachine } from "../machine/merge.ts";
import { mergeOracle, type OracleSettings } from "../oracle/policy.ts";
import type { EvidenceSource } from "../power/causes.ts";
import type { ReportedFinding, ReportedTap } from "../report/model.ts";
import { keepsTrace } from "../trace/retention.ts";
import { discardTrace } from "../trace/run-folder.ts";
import { traceDir } from "../trace/slug.ts";
import type { Verdict } from "../trace/writer.ts";
import type { MachinePart } from "../vm/apply-image.ts";
import { boot } from "../vm/boot.ts";
import type { VirtualMachine } from "../vm/virtual-machine.ts";
import { concludeAll, looseEnds, timeoutError, unheeded, withStanding } from "./attempt-end.ts";
import { bounded } from "./bounded.ts";
import type { ImageChoice } from "./cell.ts";
import { imageOfCell } from "./cell-image.ts";
import { imageOf } from "./cell-machine.ts";
import { bodyHadItsTurn, endBody } from "./end-body.ts";
import { forgetVm, markTestFailure, registerVm } from "./matchers/subjects.ts";
import { pauseVms } from "./pause.ts";
import { reportedTaps } from "./reported-taps.ts";
import { tellImageProgress } from "./reporters/image-progress.ts";
import { Reservation, resourcesOf } from "./reservation.ts";
import type { RunContext } from "./run-context.ts";
import { at } from "./site.ts";
import type { TestSpec } from "./test-spec.ts";

// Tests may install fake timers.
const { setTimeout, clearTimeout } = globalThis;

const quitMs = 15_000;

/** What a test asks of `boot()` beyond its cell. */
export interface PeerOptions {
  /** Laid over the test's own machine. */
  readonly machine?: MachineOverrides;
  /** Like the test's own if absent; `null` boots the machine as it is, without one. */
  readonly image?: ImageChoice | null;
  /** Leaves the guest at its reset vector until `vm.resume()`. */
  readonly paused?: boolean;
  /** Laid over the test's own. */
  readonly oracle?: OracleSettings;
  /** Evidence that no verdict on the guest's power may rest on. */
  readonly withoutEvidence?: readonly EvidenceSource[];
}

export interface AttemptParts {
  readonly task: RunnerTestCase;
  readonly spec: TestSpec;
  readonly run: RunContext;
  /** From 1. */
  readonly number: number;
  /** The signal that vitest itself listens to. */
  readonly vitestSignal: AbortSignal;
}

/** One attempt at one test: its VMs, its lease, its clock, and its end, whatever happens. */
export class Attempt {
  /** Aborted when the test crashes, times out, is interrupted, or is over. */
  readonly signal: AbortSignal;
  private readonly parts: AttemptParts;
  private readonly aborter = new AbortController();
  private readonly vms: VirtualMachine[] = [];
  private readonly shares = new Map<VirtualMachine, () => void>();
  private readonly booting = new Set<Promise<unknown>>();
  private image: ResolvedImage | undefined;
  /** Why the test cannot run here after all; its fixtures skip it. */
  private missing: string | undefined;
  private reservation: Reservation | undefined;
  private lease: Lease | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly earlierErrors: number;
  private startedAt = Number.POSITIVE_INFINITY;
  private stoppedAt = Number.POSITIVE_INFINITY;
  private failure: Error | undefined;
  /** What ended a VM while the attempt was closing. */
  private late: Error | undefined;
  private readonly traceDirs: string[] = [];

  constructor(parts: AttemptParts) {
    this.parts = parts;
    this.signal = this.aborter.signal;
    this.earlierErrors = parts.task.result?.errors?.length ?? 0;
    const { vitestSignal } = parts;
    // A cancelled run aborts it for real; endBody only tells its listeners.
    const onAbort = () => vitestSignal.aborted && this.abort(vitestSignal.reason);
    vitestSignal.addEventListener("abort", onAbort, { signal: this.signal });
  }

  /** Since its clock started. */
  get elapsedMs(): number {
    return Math.max(0, Math.min(performance.now(), this.stoppedAt) - this.startedAt);
  }

  /** Gets what the test needs before its clock starts: the image, then memory and vCPUs. */
  async open(): Promise<void> {
    const { spec, run } = this.parts;
    const { signal } = this;
    const found = await imageOfCell(spec.cell, run.filters.require, { signal, onProgress: tellImageProgress });
    if (typeof found === "string") {
      this.missing = found;
    } else {
      this.image = found;
      this.reservation = new Reservation(resourcesOf(spec.machine, this.image, spec.cell.vmm), spec.vms);
      this.lease = await acquireLease(run.leases, this.reservation.total, { signal });
    }
    this.startedAt = performance.now();
    this.timer = setTimeout(() => void this.timeOut(), spec.timeoutMs);
  }

  /** Calls `skip` with the reason where the host turned out to lack what the test needs. */
  skipIfMissing(skip: (reason: string) => void): void {
    if (this.missing !== undefined) skip(this.missing);
  }

  /** Boots a VM of this test: the cell's, but for what the options say. */
  async boot(options: PeerOptions = {}): Promise<VirtualMachine> {
    this.signal.throwIfAborted();
    const booting = this.launch(options);
    this.booting.add(booting);
    try {
      return await booting;
    } finally {
      this.booting.delete(booting);
    }
  }

  /** Ends the test with this error, at once, whatever its body is doing: `forBody` if it waits for no VM. */
  async fail(error: Error, forBody = error): Promise<void> {
    if (this.failure) return;
    if (this.signal.aborted) {
      this.late ??= at(this.parts.spec.site, error);
      return;
    }
    // What the guest or the clock did has no line of its own in the test; a matcher that waits puts in its own.
    this.failure = at(this.parts.spec.site, forBody);
    markTestFailure(error);
    for (const vm of this.vms) vm.poison(error);
    // What came next would hide what led to it.
    if (this.parts.run.pause)
      for (const vm of this.vms)
        vm.kept()
          .freeze()
          .catch(() => {});
    this.abort(error);
    await bodyHadItsTurn();
    endBody(this.parts.vitestSignal, forBody);
  }

  private async timeOut(): Promise<void> {
    const { spec } = this.parts;
    const error = timeoutError(spec);
    // A wait that it cuts short has evidence of its own.
    await this.fail(error, withStanding(error, spec, this.vms));
  }

  /** Ends every VM and gives everything back. Resolves to what must turn the test red. */
  async close(): Promise<Error[]> {
    clearTimeout(this.timer);
    const { task, spec } = this.parts;
    // A body that never yielded kept the timer from firing.
    const cutShort = this.failure ?? (this.elapsedMs > spec.timeoutMs ? timeoutError(spec) : undefined);
    this.stoppedAt = performance.now();
    if (this.parts.run.pause && !task.fails) await this.pause(cutShort);
    this.abort(new Error("the test is over"));
    const ends = [
      ...[...this.booting].map((late) =>
        bounded(
          "booting a VM",
          quitMs,
          late.catch(() => {}),
        ),
      ),
      ...this.vms.map((vm) => bounded(`ending the VM of ${vm.traceDir}`, quitMs, vm.quit())),
    ];
    const settled = await Promise.allSettled(ends);
    // Only now: what the guest did while the body was in a loop, or with the body's last step, is told by the VMM until
    // it ends.
    const failure = cutShort ?? (task.result?.state === "pass" ? this.late : undefined);
    const problems = failure ? unheeded(failure, this.ownErrors()) : looseEnds(task, spec, this.vms);
    for (const end of settled) {
      if (end.status === "rejected") problems.push(end.reason as Error); // quit() and bounded() reject with Errors
    }
    for (const vm of this.vms) forgetVm(vm);
    this.lease?.release();
    return problems;
  }

  /** Until somebody has looked at the VMs, if the test has failed as far as is known. */
  private async pause(cutShort: Error | undefined): Promise<void> {
    const { task, spec, vitestSignal } = this.parts;
    const failure = this.ownErrors()[0] ?? cutShort ?? looseEnds(task, spec, this.vms)[0];
    if (!failure) return;
    await pauseVms({ name: task.fullTestName, signal: vitestSignal }, this.vms, failure);
  }

  /** Keeps or removes the traces, once it is known how the attempt went. Returns the folders that stay. */
  settleTraces(failed: boolean, verdict: () => Verdict): readonly string[] {
    if (keepsTrace(this.parts.run.keepTraces, { failed })) {
      concludeAll(this.vms, verdict());
      return this.traceDirs.filter((dir) => existsSync(dir));
    }
    for (const dir of this.traceDirs) discardTrace(dir);
    return [];
  }

  private async launch({
    machine,
    image,
    paused = false,
    oracle,
    withoutEvidence,
  }: PeerOptions): Promise<VirtualMachine> {
    const { spec, run } = this.parts;
    const { vmm, boot: kind } = spec.cell;
    const dir = this.newTraceDir();
    const resolved =
      image === null
        ? undefined
        : image === undefined
          ? this.image
          : await imageOf(image, kind, { signal: this.signal });
    // Both are machines without their image; parseMachine judges the whole.
    const part = (machine ? mergeMachine(spec.machine as MachineOverrides, machine) : spec.machine) as MachinePart;
    for (const [ended, giveBack] of this.shares) if (ended.state === "ended") giveBack();
    const giveBack = this.reservation?.take(resourcesOf(part, resolved, vmm)) ?? (() => {});
    try {
      const vm = await boot({
        machine: part,
        image: resolved,
        placement: spec.placement,
        detections: run.detections,
        traceDir: dir,
        signal: this.signal,
        waitTimeoutMs: spec.timeoutMs,
        leases: run.leases,
        progressWithin: spec.progressWithinMs,
        restartsAtMost: spec.restartsAtMost,
        channel: spec.channel,
        paused,
        oracle: mergeOracle(spec.oracle, oracle),
        withoutEvidence,
      });
      this.vms.push(vm);
      this.shares.set(vm, giveBack);
      registerVm(vm);
      void vm.crashed.then((error) => this.fail(error));
      if (this.signal.aborted) await vm.quit();
      this.signal.throwIfAborted();
      return vm;
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  private newTraceDir(): string {
    const { run, task, number } = this.parts;
    const name = this.traceDirs.length === 0 ? "vm" : `vm${this.traceDirs.length + 1}`;
    const dir = traceDir(run.runDir, `${relative(run.root, task.file.filepath)} ${task.fullTestName}`, number, name);
    this.traceDirs.push(dir);
    return dir;
  }

  /** What the consoles of its VMs reported, expected or not. */
  findings(): ReportedFinding[] {
    const all = this.vms.flatMap((vm) => vm.findings.all());
    return all.map(({ title, type, console, offset }) => ({ title, type, console, offset }));
  }

  /** The TAP that its VMs printed and the test read. */
  taps(): ReportedTap[] {
    return reportedTaps(this.vms.flatMap((vm) => vm.taps.records()));
  }

  /** vitest keeps the errors of earlier attempts. */
  ownErrors(): readonly TestError[] {
    return (this.parts.task.result?.errors ?? []).slice(this.earlierErrors);
  }

  private abort(reason: unknown): void {
    if (!this.signal.aborted) this.aborter.abort(reason);
  }
}
