import { Countdown } from "./countdown.ts";
import type { PortBus } from "./v86-internals.ts";

export const watchdogNames = ["ib700", "wdat"] as const;
export type WatchdogName = (typeof watchdogNames)[number];

/** A watchdog device, which outlives the PC it is wired into: a reset stops it, and does not make it forget. */
export interface Watchdog {
  readonly name: WatchdogName;
  /** Gives a new PC its ports. */
  wire(io: PortBus): void;
  /** Milliseconds of guest time until it expires, 0 when it has; undefined while it does not count. */
  readonly msLeft: number | undefined;
  /** It has expired, or the machine was reset. */
  stop(how: "expired" | "reset"): void;
}

/** Takes the guest's time in milliseconds. */
export function watchdogNamed(name: WatchdogName, now: () => number): Watchdog {
  return name === "ib700" ? new Ib700(now) : new WdatTimer(now);
}

const absent = [() => 0xff, () => 0xffff, () => -1] as const;

/** IBM's ib700, as QEMU has it: any write to 441h stops it, one to 443h starts it with a code for its time. */
class Ib700 implements Watchdog {
  readonly name = "ib700";
  readonly #countdown: Countdown;

  constructor(now: () => number) {
    this.#countdown = new Countdown(now);
  }

  wire(io: PortBus): void {
    const onByte = (port: number, write: (value: number) => void) => io.register_write(port, this, write, write, write);
    onByte(0x441, () => this.#countdown.stop());
    // Code 0 is 30 s, and each is 2 s less than the one before; 15 would be no time at all.
    onByte(0x443, (value) => this.#countdown.start((15 - (value & 15)) * 2000));
    for (const port of [0x441, 0x443]) io.register_read(port, this, ...absent);
  }

  get msLeft(): number | undefined {
    return this.#countdown.msLeft;
  }

  stop(): void {
    this.#countdown.stop();
  }
}

/** The timer that the ACPI table WDAT of `acpi-tables.ts` describes. */
export const wdatTimer = {
  /** 8 bits: `running` and `fired` are read and written (`fired` only to 0), `reload` is written. */
  control: 0x540,
  running: 1,
  reload: 2,
  fired: 4,
  /** 32 bits: written, what to count from; read, what is left. */
  count: 0x544,
  periodMs: 100,
  most: 0xffff,
  least: 1,
} as const;

class WdatTimer implements Watchdog {
  readonly name = "wdat";
  readonly #countdown: Countdown;
  #from = wdatTimer.most as number;
  #isRunning = false;
  #hasFired = false;

  constructor(now: () => number) {
    this.#countdown = new Countdown(now);
  }

  wire(io: PortBus): void {
    const { control, count } = wdatTimer;
    const readControl = () => (this.#isRunning ? wdatTimer.running : 0) | (this.#hasFired ? wdatTimer.fired : 0);
    const readCount = () => Math.ceil((this.msLeft ?? this.#from * wdatTimer.periodMs) / wdatTimer.periodMs);
    const writeControl = (value: number) => this.#control(value);
    const writeCount = (value: number) => {
      this.#from = Math.min(Math.max(value >>> 0, wdatTimer.least), wdatTimer.most);
    };
    io.register_read(control, this, readControl, readControl, readControl);
    io.register_write(control, this, writeControl, writeControl, writeControl);
    io.register_read(count, this, readCount, readCount, readCount);
    io.register_write(count, this, writeCount, writeCount, writeCount);
  }

  #control(value: number): void {
    if ((value & wdatTimer.fired) === 0) this.#hasFired = false;
    const wasRunning = this.#isRunning;
    this.#isRunning = (value & wdatTimer.running) !== 0;
    if (!this.#isRunning) this.#countdown.stop();
    else if (!wasRunning || value & wdatTimer.reload) this.#countdown.start(this.#from * wdatTimer.periodMs);
  }

  get msLeft(): number | undefined {
    return this.#countdown.msLeft;
  }

  stop(how: "expired" | "reset"): void {
    if (how === "expired") this.#hasFired = true;
    this.#isRunning = false;
    this.#countdown.stop();
  }
}
