import { UnsupportedError } from "../../machine/errors.ts";
import type { ConsoleName } from "../../machine/machine.ts";
import type { PowerEvent } from "../../power/event.ts";
import type { UntimedEvent } from "../../trace/event.ts";
import type { Facets, RunningVmm } from "../../vmm/contract.ts";
import type { ConsoleSet } from "../console-set.ts";
import type { VmState } from "../vm-parts.ts";

export interface KeptVmParts {
  readonly vmm: string;
  readonly traceDir: string;
  /** A command line that logs in to the guest, where there is one. */
  readonly ssh: string | undefined;
  readonly running: RunningVmm;
  readonly consoles: ConsoleSet;
  readonly facets: Partial<Facets>;
  readonly state: () => VmState;
  /** The last thing the guest did. */
  readonly lastEvent: () => PowerEvent | undefined;
  readonly note: (event: UntimedEvent) => void;
}

/**
 * A VM whose test has failed, for somebody who looks at it. What made the test fail rejects nothing here, and what the
 * guest does is judged no more.
 */
export class KeptVm {
  readonly vmm: string;
  readonly traceDir: string;
  readonly ssh: string | undefined;
  readonly facets: Partial<Facets>;
  /** Resolves when the VMM is gone. */
  readonly ended: Promise<void>;
  private readonly parts: KeptVmParts;
  /** What the guest had done last when it was let go on; false while it stands still. */
  private runsSince: PowerEvent | undefined | false;

  constructor(parts: KeptVmParts) {
    this.parts = parts;
    this.vmm = parts.vmm;
    this.traceDir = parts.traceDir;
    this.ssh = parts.ssh;
    this.facets = parts.facets;
    this.ended = parts.running.ended.then(() => {});
    this.runsSince = parts.state() === "running" && parts.lastEvent();
  }

  get state(): VmState {
    const state = this.parts.state();
    if (state === "ended") return state;
    // It has stopped by something it did since.
    if (this.runsSince !== this.parts.lastEvent()) return state === "halted" ? state : "paused";
    return "running";
  }

  get consoles(): readonly ConsoleName[] {
    return this.parts.consoles.names;
  }

  /** Where a console's record ends. */
  end(console: ConsoleName): number {
    return this.parts.consoles.ends()[console] ?? 0;
  }

  /** Stops every vCPU where it is. */
  async freeze(): Promise<void> {
    if (this.state !== "running") return;
    await this.parts.running.pause();
    this.runsSince = false;
    this.parts.note({ kind: "vm", what: "paused" });
  }

  /** @throws UnsupportedError where it cannot go on from there: the guest has reset, or powered off */
  async resume(): Promise<void> {
    if (this.state === "running") return;
    const last = this.parts.lastEvent();
    const reason = this.state === "halted" && last && this.parts.running.cannotContinue(last);
    if (reason) throw new UnsupportedError(`the guest cannot go on: ${reason}`);
    await this.parts.running.resume();
    this.runsSince = last;
    this.parts.note({ kind: "vm", what: "resumed" });
  }

  /** Hands over what a console has printed from byte `from` on, and what comes; what it returns ends that. */
  pipe(console: ConsoleName, from: number, listener: (bytes: Buffer) => void | Promise<void>): () => void {
    return this.parts.consoles.pipe(console, listener, from);
  }

  /** Types on a console. The record has it, and loses nothing. */
  type(console: ConsoleName, bytes: Uint8Array): void {
    this.parts.running.write(console, bytes);
  }
}
