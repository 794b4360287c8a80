import { type Clock, realClock, type Scheduled } from "../../console/clock.ts";
import { Interrupted, TimeoutError } from "../../machine/errors.ts";
import type { PowerEvent } from "../../power/event.ts";
import { showDuration } from "../../power/wait.ts";
import type { VirtualMachine } from "../../vm/virtual-machine.ts";
import { VmOver } from "../../vm/vm-over.ts";
import { type Ending, endingByGuest, endingUnmet } from "./ending.ts";
import { watchFor } from "./fail-on.ts";
import type { RunFlags } from "./options.ts";

export interface JudgeOptions {
  readonly flags: Pick<RunFlags, "steps" | "failOn">;
  /** Absent: for ever. */
  readonly timeoutMs: number | undefined;
  /** Whether a halted guest ends the run; with a person at the terminal it does not. */
  readonly endsWithGuest: boolean;
  readonly onEvent: (event: PowerEvent) => void;
  readonly onStep: (step: RunFlags["steps"][number]) => void;
  /** The host's unless a recording is judged. */
  readonly clock?: Clock;
}

/** What is judged: a running VM, or the recording of one. */
export type JudgedVm = Pick<VirtualMachine, "console" | "crashed" | "exited" | "machine" | "power" | "reset" | "state">;

/** Decides how a run ends: by its script, by what the guest does, by time, or by whoever calls `end` or `fail`. */
export class Judge {
  readonly ending: Promise<Ending>;
  readonly #vm: JudgedVm;
  readonly #clock: Clock;
  readonly #options: JudgeOptions;
  readonly #stop = new AbortController();
  #end: (ending: Ending) => void = () => {};
  #fail: (error: unknown) => void = () => {};
  /** What the guest's end has left unmet, once the script has settled. */
  #script: Promise<VmOver | undefined> = Promise.resolve(undefined);
  #timer: Scheduled | undefined;

  constructor(vm: JudgedVm, options: JudgeOptions) {
    this.#vm = vm;
    this.#clock = options.clock ?? realClock;
    this.#options = options;
    this.ending = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    this.ending
      .catch(() => {})
      .finally(() => this.#close())
      .catch(() => {});
  }

  end(ending: Ending): void {
    this.#end(ending);
  }

  fail(error: unknown): void {
    this.#fail(error);
  }

  /** Call it while the guest is still at its reset vector, so that the time counts from its first instruction. */
  start(): void {
    this.#watchFailures();
    this.#script = this.#runScript();
    void this.#vm.exited.then(({ code, event }) => this.#guestEnded(event, code));
    void this.#vm.crashed.then((error) => this.fail(error));
    this.#follow();
    const { timeoutMs } = this.#options;
    if (timeoutMs !== undefined) this.#timer = this.#clock.after(timeoutMs, () => void this.#timeIsUp(timeoutMs));
  }

  /** Starts a halted guest again. */
  async reset(): Promise<void> {
    const wasHalted = this.#vm.state === "halted";
    await this.#vm.reset();
    if (!wasHalted) return;
    this.#watchFailures();
    this.#follow();
  }

  #follow(): void {
    this.#followPower().catch((error) => {
      if (!(error instanceof VmOver) && !this.#stop.signal.aborted) this.fail(error);
    });
  }

  /** Somebody always waits for the next event, so that a crash is judged here, by its action. */
  async #followPower(): Promise<never> {
    for (;;) {
      const event = await this.#vm.power.next(undefined, {
        signal: this.#stop.signal,
        timeout: Number.POSITIVE_INFINITY,
      });
      this.#options.onEvent(event);
      const halts = event.action === "halt" || event.kind === "halted";
      if (halts && this.#options.endsWithGuest) void this.#guestEnded(event, undefined);
    }
  }

  async #guestEnded(event: PowerEvent, code: number | undefined): Promise<void> {
    const unmet = await this.#script;
    this.end(unmet ? endingUnmet(this.#vm, event, code, unmet) : endingByGuest(this.#vm, event, code));
  }

  #watchFailures(): void {
    for (const watch of this.#options.flags.failOn) {
      watchFor(this.#vm, watch, this.#stop.signal).then(
        (ending) => this.end(ending),
        () => {}, // The guest ended without printing it, or the run is over.
      );
    }
  }

  /** Resolves when the script is done, or with what the guest's end has left unmet. Other errors end the run. */
  async #runScript(): Promise<VmOver | undefined> {
    const { flags, timeoutMs = Number.POSITIVE_INFINITY, onStep } = this.#options;
    const deadline = this.#clock.now() + timeoutMs;
    try {
      for (const step of flags.steps) {
        const console = this.#vm.console(step.console);
        if (step.kind === "send") console.send(step.bytes);
        else {
          const timeout = Math.max(0, Math.ceil(deadline - this.#clock.now()));
          await console.expect(step.pattern, { timeout, signal: this.#stop.signal });
        }
        onStep(step);
      }
    } catch (error) {
      if (error instanceof VmOver) return error;
      this.fail(error instanceof TimeoutError ? inFlags(error) : error);
      return undefined;
    }
    // What is sent last is meant to make the guest do something: it goes on until that ends it.
    if (flags.steps.at(-1)?.kind === "expect") {
      this.end({ class: "Met", exitCode: 0, reason: "every expectation was met" });
    }
    return undefined;
  }

  /** A pending expectation reports its own timeout, with what came instead. */
  async #timeIsUp(timeoutMs: number): Promise<void> {
    await this.#script;
    this.fail(new TimeoutError(`the guest was still running after ${showDuration(timeoutMs)}`));
  }

  #close(): void {
    this.#timer?.cancel();
    this.#stop.abort(new Interrupted("the run has ended"));
  }
}

/** The console's advice is for those who write tests; here time is a flag. */
function inFlags(error: TimeoutError): TimeoutError {
  const lines = error.message.split("\n").filter((line) => !/\{ timeout: |\.cursor\(/.test(line));
  return new TimeoutError([...lines, "If the guest is only slow, give it more time: --timeout 5m"].join("\n"), {
    cause: error,
  });
}
