import { readFile } from "node:fs/promises";
import type { V86 } from "v86";
import type { LineName } from "./argv.ts";
import { prepareBarePc } from "./bare-pc.ts";
import type { GuestClock } from "./guest-clock.ts";
import { comOf, type GuestInput, mayFeedNow, uartInput, virtioInput } from "./guest-input.ts";
import { type Machine, optionsFor } from "./machine.ts";
import { PowerPorts, type PowerSignal } from "./power-ports.ts";
import { wireSignalPorts } from "./signal-ports.ts";
import { tripleFault, tripleFaultInRealMode } from "./triple-fault.ts";
import type { Cpu, V86Internals, WasmEnvironment } from "./v86-internals.ts";
import type { Watchdog } from "./watchdogs.ts";

export interface EmulatorListener {
  output(line: LineName, bytes: number | Uint8Array): void;
  /** The guest read a line's last waiting byte: there is room for more. */
  inputWanted(line: LineName): void;
  /** An interrupt ended the guest's idling. */
  wake(): void;
}

/** How a slice of guest execution ended. */
export type SliceEnd =
  | { readonly kind: "ran"; readonly idleMs: number }
  | { readonly kind: "halted" }
  | { readonly kind: "stopped"; readonly signal: PowerSignal };

const STOP = Symbol("guest stopped");
/** v86 wires COM1 always; the others on request. */
const comLines: readonly LineName[] = ["com1", "com2", "com3", "com4"];
let compiled: Promise<WebAssembly.Module> | undefined;

/** Starts compiling early: nothing about the machine needs to be known for it. */
export function loadV86(): Promise<[typeof V86, WebAssembly.Module]> {
  compiled ??= readFile(new URL("v86.wasm", import.meta.resolve("v86"))).then((bytes) => new WebAssembly.Module(bytes));
  return Promise.all([import("v86").then((module) => module.V86), compiled]);
}

/** One life of the PC, from its reset vector to its next reset. A reset builds a new one. */
export class Emulator {
  readonly #v86: V86 & V86Internals;
  readonly #cpu: Cpu;
  readonly inputs: Partial<Record<LineName, GuestInput>> = {};
  #signal: PowerSignal | undefined;
  #panic = "";
  #isDead = false;

  static async build(
    machine: Machine,
    clock: GuestClock,
    listener: EmulatorListener,
    watchdog?: Watchdog,
  ): Promise<Emulator> {
    const [V86, wasm] = await loadV86();
    const ports = new PowerPorts();
    let emulator: Emulator | undefined;
    const stop = (signal: PowerSignal | undefined) => {
      if (signal && emulator) emulator.#stop(signal);
    };

    const wasm_fn = (imports: WebAssembly.Imports): Promise<WebAssembly.Exports> => {
      const env = imports.env as unknown as WasmEnvironment; // v86 hands its functions over under this name
      const hooked: WasmEnvironment = {
        ...env,
        io_port_write8: (port, value) => {
          stop(ports.write8(port, value));
          env.io_port_write8(port, value);
        },
        io_port_write16: (port, value) => {
          stop(ports.write16(port, value));
          env.io_port_write16(port, value);
        },
        io_port_write32: (port, value) => {
          stop(ports.write16(port, value));
          env.io_port_write32(port, value);
        },
        io_port_read8: (port) => {
          const value = env.io_port_read8(port);
          const com = comOf(port);
          if (com !== undefined && emulator && mayFeedNow(com, emulator.#cpu))
            listener.inputWanted(comLines[com] ?? "com1");
          return value;
        },
        microtick: clock.now,
        cpu_event_halt: () => {
          if (emulator) emulator.#isDead = true;
        },
        stop_idling: () => listener.wake(),
        console_log_from_wasm: (offset, length) => {
          const memory = instance.exports.memory as { buffer: ArrayBuffer }; // the module exports its memory by this name
          if (emulator) emulator.#panic = Buffer.from(memory.buffer, offset, length).toString().replaceAll(/\s+/g, " ");
        },
      };
      const instance = new WebAssembly.Instance(wasm, { env: hooked as unknown as WebAssembly.ModuleImports });
      return Promise.resolve(instance.exports);
    };

    const v86 = new V86({ ...optionsFor(machine), wasm_fn }) as V86 & V86Internals; // its declarations hide `v86` and `screen_adapter`
    await new Promise<void>((resolve) => v86.add_listener("emulator-loaded", resolve));
    v86.v86.constructor.microtick = clock.now;
    emulator = new Emulator(v86);
    emulator.#wire(machine, listener, watchdog);
    return emulator;
  }

  private constructor(v86: V86 & V86Internals) {
    this.#v86 = v86;
    this.#cpu = v86.v86.cpu;
  }

  #wire(machine: Machine, listener: EmulatorListener, watchdog: Watchdog | undefined): void {
    const v86 = this.#v86;
    for (const line of machine.lines) {
      const com = comLines.indexOf(line);
      if (com < 0) {
        v86.add_listener("virtio-console0-output-bytes", (bytes: Uint8Array) => listener.output(line, bytes));
        this.inputs[line] = virtioInput(this.#cpu);
      } else {
        v86.add_listener(`serial${com}-output-byte` as "serial0-output-byte", (byte: number) =>
          listener.output(line, byte),
        );
        this.inputs[line] = uartInput(com, this.#cpu, (bytes) => v86.serial_send_bytes(com, bytes));
      }
    }
    // Our port watch sees every reset first; whatever v86 adds must not go on behind our back.
    this.#cpu.reboot_internal = () => this.#stop({ event: "GUEST_RESET", cause: "unknown" });
    if (!machine.bios) prepareBarePc(this.#cpu, watchdog?.name);
    wireSignalPorts(this.#cpu.io, (signal) => this.#stop(signal));
    watchdog?.wire(this.#cpu.io);
  }

  /** Lets the guest run for about a millisecond. Throws what is v86's own fault. */
  slice(): SliceEnd {
    let idleMs = 0;
    const stopped = this.enter(() => {
      idleMs = this.#cpu.main_loop();
    });
    if (stopped) return stopped;
    if (!this.#isDead) return { kind: "ran", idleMs };
    const detail = tripleFaultInRealMode(this.#cpu);
    return detail === undefined ? { kind: "halted" } : crash(detail);
  }

  /** Does something that may run an interrupt's entry in the guest, and so stop it. */
  enter(act: () => void): Extract<SliceEnd, { kind: "stopped" }> | undefined {
    try {
      act();
      return undefined;
    } catch (error) {
      if (error === STOP && this.#signal) return { kind: "stopped", signal: this.#signal };
      const detail = tripleFault(error, this.#cpu);
      if (detail !== undefined) return crash(detail);
      throw this.#panic ? new Error(`v86 panicked: ${this.#panic}`, { cause: error }) : error;
    }
  }

  /** The VGA text screen, row by row. */
  screenText(): string[] {
    return this.#v86.screen_adapter.get_text_screen().map((row) => row.trimEnd());
  }

  get cpu(): Cpu {
    return this.#cpu;
  }

  // Unwinds out of the WebAssembly code, so that not one more guest instruction runs. This emulator is never resumed.
  #stop(signal: PowerSignal): never {
    this.#signal = signal;
    throw STOP;
  }
}

function crash(detail: string): Extract<SliceEnd, { kind: "stopped" }> {
  return { kind: "stopped", signal: { event: "GUEST_CRASH", cause: "triple-fault", detail } };
}
