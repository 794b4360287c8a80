import { answerFor } from "./commands.ts";
import type { Sockets } from "./connect.ts";
import { ConsoleLine } from "./console-line.ts";
import { ControlChannel } from "./control-channel.ts";
import { exits } from "./exits.ts";
import type { Machine } from "./machine.ts";
import { Vm } from "./vm.ts";

/** v86's version, as the package pins it; the greeting tells it. */
const VERSION = "v86 0.5.462";
/** How long a harness that asked us to leave may take to read the last console bytes. */
const FAREWELL_MS = 5_000;

/** One VM and its harness: commands in, events out, until either side ends it. */
export class Session {
  readonly #vm: Vm;
  readonly #channel: ControlChannel;
  /** Events that wait for console bytes to be sent first. */
  #waiting: Promise<unknown> | undefined;
  #isEnding = false;

  constructor({ consoles, control }: Sockets, machine: Machine) {
    process.on("uncaughtException", (error) => this.#die(error));
    process.on("unhandledRejection", (error) => this.#die(error));
    control.on("error", () => {}); // the end of the channel follows
    this.#vm = new Vm(machine, {
      report: (event, data) => this.#report(event, data),
      fail: (error) => this.#die(error),
    });
    for (const [name, socket] of consoles) this.#vm.attach(new ConsoleLine(name, socket, this.#vm));
    this.#channel = new ControlChannel(control, { version: { package: VERSION }, capabilities: [] });
  }

  /** Obeys the harness. Resolves when it has closed the control channel. */
  async serve(): Promise<void> {
    const quitAfterAnswer = () => void setImmediate(() => this.quit());
    await this.#channel.serve(answerFor(this.#vm, quitAfterAnswer)).catch(() => {});
  }

  /** Sends what the guest has printed, then leaves with 0. */
  quit(): void {
    this.#leave(0);
  }

  // A byte printed before an event is sent before it, so that the harness finds both in order; so are earlier events.
  #report(event: string, data: Record<string, unknown>): void {
    const flushed = this.#vm.flushed();
    if (!flushed && !this.#waiting) {
      this.#channel.event(event, data);
      return;
    }
    const turn = Promise.all([this.#waiting, flushed]).then(() => {
      this.#channel.event(event, data);
      if (this.#waiting === turn) this.#waiting = undefined;
    });
    this.#waiting = turn;
  }

  #die(error: unknown): void {
    if (this.#isEnding) return;
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`petri-v86: ${message}\n`);
    this.#report("VMM_ERROR", { message });
    this.#leave(exits.software);
  }

  #leave(code: number): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#vm.end();
    setTimeout(() => {
      process.stderr.write(`petri-v86: the harness did not read the last console bytes within ${FAREWELL_MS} ms\n`);
      process.exit(exits.host);
    }, FAREWELL_MS);
    void Promise.all([this.#waiting, this.#vm.flushed()])
      .then(() => this.#channel.flushed())
      .then(() => process.exit(code));
  }
}
