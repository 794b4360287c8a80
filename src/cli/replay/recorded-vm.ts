import { Console } from "../../console/console.ts";
import { GuestCrash, UsageError, VmmError } from "../../machine/errors.ts";
import type { ConsoleName, Machine } from "../../machine/machine.ts";
import type { PowerEvent } from "../../power/event.ts";
import { describeEvent, PowerJournal, parseAction } from "../../power/journal.ts";
import { printable } from "../../power/printable.ts";
import type { Recording } from "../../trace/replay/recording.ts";
import { seconds } from "../../trace/replay/replay.ts";
import { VirtualClock } from "../../trace/replay/virtual-clock.ts";
import { VmOver } from "../../vm/vm-over.ts";
import type { VmExit } from "../../vm/vm-parts.ts";
import type { JudgedVm } from "../boot/judge.ts";

/** Why a wait is not met by a recording in which the guest goes on. */
export class RecordOver extends Error {
  override readonly name = "RecordOver";
}

/** What happens at one moment of a recording. */
interface Moment {
  readonly t: number;
  happen(): void;
}

/**
 * The recording of a VM in the place of a VM: its consoles print, and its journal tells, what they did then, when they
 * did. Nothing that is sent reaches anybody.
 */
export class RecordedVm implements JudgedVm {
  readonly machine: Machine;
  readonly power: PowerJournal;
  readonly exited: Promise<VmExit>;
  readonly crashed: Promise<Error>;
  readonly clock: VirtualClock;
  readonly #consoles = new Map<ConsoleName, { console: Console; source: { end: number } }>();
  readonly #recording: Recording;
  #state: JudgedVm["state"] = "running";
  #sayExited: (exit: VmExit) => void = () => {};
  #sayCrashed: (error: Error) => void = () => {};
  /** Something has begun or settled, and whoever awaits it has yet to hear. */
  #isNews = true;

  constructor(machine: Machine, recording: Recording) {
    this.machine = machine;
    this.#recording = recording;
    const resumed = recording.life.find(({ what }) => what === "resumed");
    this.clock = new VirtualClock((resumed?.t ?? 0) / 1e6);
    const news = () => {
      this.#isNews = true;
    };
    const observed = () => {
      news();
      return news;
    };
    const defaultTimeoutMs = () => Number.POSITIVE_INFINITY;
    this.power = new PowerJournal({ observer: { waits: observed, waives: news } });
    for (const [name, recorded] of recording.consoles) {
      const source = recorded.upTo(0);
      const options = { name, source, defaultTimeoutMs, clock: this.clock, observe: observed, send: () => {} };
      this.#consoles.set(name, { source, console: new Console(options) });
    }
    this.exited = new Promise((resolve) => {
      this.#sayExited = resolve;
    });
    this.crashed = new Promise((resolve) => {
      this.#sayCrashed = resolve;
    });
  }

  get state(): JudgedVm["state"] {
    return this.#state;
  }

  console(name: ConsoleName = "com1"): Console {
    const found = this.#consoles.get(name);
    if (found) return found.console;
    throw new UsageError(`the record has no ${name}`);
  }

  reset(): Promise<void> {
    throw new UsageError("a recording cannot be reset");
  }

  /** Plays it all; between any two moments whoever waits has heard of what happened. `isOver` ends it early. */
  async play(isOver: () => boolean): Promise<void> {
    await this.#heard();
    for (const { t, happen } of this.#moments()) {
      if (isOver()) return;
      await this.#pass(t / 1e6);
      happen();
    }
    await this.#pass(this.clock.now());
    if (isOver()) return;
    const why = `the record ends at ${seconds(this.#recording.end)}`;
    for (const { console } of this.#consoles.values()) console.end(new RecordOver(why));
    this.power.end(new VmOver(why));
    await this.#pass(this.clock.now());
  }

  #moments(): Moment[] {
    const { consoles, power, findings, life } = this.#recording;
    const arrivals = [...consoles].flatMap(([name, { arrivals }]) =>
      arrivals.map(({ t, end }) => ({ t, happen: () => this.#print(name, end) })),
    );
    return [
      ...arrivals,
      ...power.map((event) => ({ t: event.at, happen: () => this.#happened(event) })),
      ...findings
        .filter(({ verdict }) => verdict === "unexpected")
        .map(({ t, title, console, report }) => ({
          t,
          happen: () => this.#sayCrashed(new GuestCrash(`${console} reported: ${title}\n${printableLines(report)}`)),
        })),
      ...life.flatMap((event) => {
        if (event.what === "reset") return [{ t: event.t, happen: () => this.#reopen() }];
        // A VM that its own run ended goes on as far as its guest is concerned.
        return event.what === "ended" && !this.#wasQuit() ? [{ t: event.t, happen: () => this.#vmmEnded() }] : [];
      }),
    ].sort((a, b) => a.t - b.t);
  }

  #wasQuit(): boolean {
    return this.#recording.life.some(({ what }) => what === "quit");
  }

  #print(name: ConsoleName, end: number): void {
    const line = this.#consoles.get(name);
    const bytes = this.#recording.consoles.get(name)?.bytes ?? 0;
    if (!line || end <= line.source.end) return;
    line.source.end = Math.min(end, bytes);
    line.console.advance();
  }

  #happened(event: PowerEvent): void {
    // Bytes and events travel on different sockets: what was printed before it is there first.
    for (const name of this.#consoles.keys()) this.#print(name, event.offsets[name] ?? 0);
    this.power.record(event);
    if (event.kind === "vmm-error") return this.#sayCrashed(new VmmError(describeEvent(event)));
    if (event.action === "none") return this.#over("halted", describeEvent(event));
    const { action, code = 0 } = parseAction(event.action);
    if (action === "reset") return;
    this.#over(action === "halt" ? "halted" : "ended", describeEvent(event));
    if (action === "exit") this.#sayExited({ code, event });
  }

  #vmmEnded(): void {
    this.#over("ended", "the VMM ended");
  }

  #reopen(): void {
    this.#state = "running";
    for (const { console } of this.#consoles.values()) console.reopen();
    this.power.reopen();
  }

  #over(state: "halted" | "ended", why: string): void {
    this.#state = state;
    const reason = new VmOver(why);
    for (const { console } of this.#consoles.values()) console.end(reason);
    this.power.end(reason);
  }

  /** Lets time pass; as in Node's own loop, all that hangs on a promise happens before the next task. */
  async #pass(ms: number): Promise<void> {
    await this.#heard();
    while (this.clock.step(ms)) await this.#heard();
  }

  async #heard(): Promise<void> {
    while (this.#isNews) {
      this.#isNews = false;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function printableLines(report: string): string {
  return report
    .split("\n", 12)
    .map((line) => `  | ${printable(line)}`)
    .join("\n");
}
