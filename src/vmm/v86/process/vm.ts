import type { LineName } from "./argv.ts";
import type { ConsoleLine, ConsoleListener } from "./console-line.ts";
import { Emulator, type EmulatorListener, type SliceEnd } from "./emulator.ts";
import { GuestClock } from "./guest-clock.ts";
import type { Machine } from "./machine.ts";
import { RunLoop } from "./run-loop.ts";
import { type Watchdog, watchdogNamed } from "./watchdogs.ts";

export type Status =
  | "prelaunch"
  | "running"
  | "paused"
  | "guest-reset"
  | "shutdown"
  | "guest-crashed"
  | "watchdog"
  | "halted";

export interface VmListener {
  /** Something happened that the harness should know. */
  report(event: string, data: Record<string, unknown>): void;
  /** v86 itself failed: this VM is lost. */
  fail(error: unknown): void;
}

const endStatus = {
  GUEST_RESET: "guest-reset",
  GUEST_SHUTDOWN: "shutdown",
  GUEST_CRASH: "guest-crashed",
  GUEST_WATCHDOG: "watchdog",
} as const;

/** The VM's life: runs the guest, stops it for good on each power event, and builds it anew on a reset. */
export class Vm implements EmulatorListener, ConsoleListener {
  readonly #machine: Machine;
  readonly #listener: VmListener;
  readonly #clock = new GuestClock();
  readonly #loop = new RunLoop(() => this.#slice(), this.#clock, "paused");
  readonly #lines = new Map<LineName, ConsoleLine>();
  readonly #watchdog: Watchdog | undefined;
  #emulator: Promise<Emulator>;
  #running: Emulator | undefined;
  #status: Status = "prelaunch";
  /** The CPU is in a HLT that no interrupt ends. */
  #isDead = false;

  constructor(machine: Machine, listener: VmListener) {
    this.#machine = machine;
    this.#listener = listener;
    this.#watchdog = machine.watchdog && watchdogNamed(machine.watchdog, this.#clock.now);
    this.#emulator = this.#build();
  }

  #build(): Promise<Emulator> {
    const building = Emulator.build(this.#machine, this.#clock, this, this.#watchdog);
    building.catch((error) => this.#listener.fail(error));
    return building;
  }

  get status(): Status {
    return this.#status;
  }

  attach(line: ConsoleLine): void {
    this.#lines.set(line.name, line);
  }

  /** The machine as it stands, for inspection. */
  emulator(): Promise<Emulator> {
    return this.#emulator;
  }

  async cont(): Promise<void> {
    if (this.#status === "running" || this.#status === "halted") return;
    if (this.#status !== "paused" && this.#status !== "prelaunch") {
      throw new Error(`the guest has ended (${this.#status}): system_reset is required before cont`);
    }
    this.#running = await this.#emulator;
    this.#status = this.#isHalted ? "halted" : "running";
    this.#listener.report("RESUME", {});
    this.#loop.release("paused");
    this.#feed(this.#running, this.#lines.keys());
  }

  stop(): void {
    if (this.#status !== "running" && this.#status !== "halted") return;
    this.#loop.hold("paused");
    this.#status = "paused";
    this.#listener.report("STOP", {});
  }

  /** Back to the reset vector, paused. Disks keep what the guest wrote; memory is new. */
  async reset(): Promise<void> {
    this.#loop.hold("paused");
    await this.#emulator;
    this.#running = undefined;
    this.#isDead = false;
    this.#watchdog?.stop("reset");
    this.#status = "paused";
    this.#emulator = this.#build();
    await this.#emulator;
  }

  /** No guest instruction runs any more. */
  end(): void {
    this.#loop.hold("ended");
  }

  /** Resolves when every console byte so far is in the kernel's hands; undefined if it is already. */
  flushed(): Promise<unknown> | undefined {
    const waits = [...this.#lines.values()].map((line) => line.flushed()).filter((wait) => wait !== undefined);
    return waits.length > 0 ? Promise.all(waits) : undefined;
  }

  // A watchdog that counts will end even a CPU that is dead: then the guest has not halted for good.
  get #isHalted(): boolean {
    return this.#isDead && this.#watchdog?.msLeft === undefined;
  }

  /** Milliseconds until there is something to do again. The watchdog is looked at last: a late slice may still pet it. */
  #slice(): number | undefined {
    const idleMs = this.#isDead ? undefined : this.#runGuest();
    const msLeft = this.#watchdog?.msLeft;
    if (msLeft === undefined || this.#loop.isHeld) return idleMs;
    if (msLeft === 0) return this.#expired();
    return Math.min(msLeft, idleMs ?? msLeft);
  }

  #runGuest(): number | undefined {
    const emulator = this.#running;
    if (!emulator) return undefined;
    const end = this.#guarded(() => emulator.slice());
    for (const line of this.#lines.values()) line.flush();
    if (end?.kind === "halted") this.#died();
    if (end?.kind === "stopped") this.#stopped(end);
    if (end?.kind !== "ran") return undefined;
    for (const line of this.#lines.values()) line.refill();
    this.#feed(emulator, this.#lines.keys());
    return end.idleMs;
  }

  #expired(): undefined {
    const cause = this.#watchdog?.name;
    this.#watchdog?.stop("expired");
    if (cause) this.#stopped({ kind: "stopped", signal: { event: "GUEST_WATCHDOG", cause } });
  }

  // The interrupt for new input may enter the guest here, outside of a slice, and so stop it.
  #feed(emulator: Emulator, names: Iterable<LineName>): void {
    const stopped = this.#guarded(() =>
      emulator.enter(() => {
        for (const name of names) this.#feedLine(emulator, name);
      }),
    );
    if (stopped) this.#stopped(stopped);
  }

  #feedLine(emulator: Emulator, name: LineName): void {
    const input = emulator.inputs[name];
    if (input) this.#lines.get(name)?.feed(input);
  }

  #guarded<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.#listener.fail(error);
      return undefined;
    }
  }

  #stopped({ signal }: Extract<SliceEnd, { kind: "stopped" }>): void {
    const { event, ...data } = signal;
    this.#loop.hold("paused");
    this.#status = endStatus[event];
    this.#listener.report(event, data);
  }

  #died(): void {
    this.#isDead = true;
    if (!this.#isHalted) return;
    this.#status = "halted";
    this.#listener.report("GUEST_HALTED", {});
  }

  output(name: LineName, bytes: number | Uint8Array): void {
    this.#lines.get(name)?.print(bytes);
  }

  // Called by the guest's own port access: what this throws unwinds through the guest to `slice`.
  inputWanted(name: LineName): void {
    if (this.#running) this.#feedLine(this.#running, name);
  }

  wake(): void {
    this.#loop.wake();
  }

  inputArrived(line: ConsoleLine): void {
    if (this.#running && this.#status === "running") this.#feed(this.#running, [line.name]);
  }

  full(line: ConsoleLine): void {
    this.#loop.hold(line.name);
  }

  drained(line: ConsoleLine): void {
    this.#loop.release(line.name);
  }

  broken(line: ConsoleLine, reason: string): void {
    this.#loop.release(line.name);
    this.#listener.report("VMM_ERROR", { message: `${line.name}: ${reason}` });
  }
}
