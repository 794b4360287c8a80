import { acpiTables } from "./acpi-tables.ts";
import type { Cpu } from "./v86-internals.ts";
import { setTextMode } from "./vga-text-mode.ts";
import type { WatchdogName } from "./watchdogs.ts";

/** In the BIOS area, where guests look for the root pointer (ACPI 1.0b §5.2.4.1). */
const TABLES = 0xe0000;
/** Where v86 has the PIIX3's bridge and IDE controller. */
const ISA_BRIDGE = 0x01;
const IDE = 0x1e;
/** The lines that PCI interrupts A to D go to, as SeaBIOS has them. */
const lines = [10, 10, 11, 11];

/** Does what a kernel that is started without a BIOS still expects of one: ACPI tables, a text screen, interrupt routing, IDE. */
export function prepareBarePc(cpu: Cpu, watchdog: WatchdogName | undefined): void {
  disableTestPorts(cpu.io);
  cpu.mem8.set(acpiTables(TABLES, { hasWdat: watchdog === "wdat" }), TABLES);
  setTextMode(cpu.io);
  const config = new PciConfig(cpu.io);
  lines.forEach((line, pin) => {
    config.write8(ISA_BRIDGE, 0x60 + pin, line); // PIRQRC[A:D] of the PIIX3
  });
  cpu.io.port_write8(0x4d1, 0x0c); // ELCR2: lines 10 and 11 are level-triggered
  config.write8(IDE, 0x41, 0x80); // IDETIM of both channels: decode enable, or drivers take them for absent
  config.write8(IDE, 0x43, 0x80);
  for (let device = 0; device < 32; device++) {
    const pin = config.read8(device, 0x3d);
    if (pin < 1 || pin > 4) continue;
    config.write8(device, 0x3c, lines[(pin - 1 + device - ISA_BRIDGE) & 3] ?? 0);
  }
}

// v86 leaves the ports of its own test suite behind a multiboot load: F4h-F7h (the first is a debug-exit of ours, see
// signal-ports.ts), and 2000h-200Fh, which would raise interrupts. On a PC nothing answers there.
function disableTestPorts(io: Cpu["io"]): void {
  const nothing = () => {};
  for (const port of [0xf5, 0xf6, 0xf7]) io.register_write(port, io, nothing, nothing, nothing);
  for (let port = 0x2000; port <= 0x200f; port++) io.register_write(port, io, nothing, nothing, nothing);
}

/** PCI configuration mechanism #1, bus 0 and function 0. */
class PciConfig {
  readonly #io: Cpu["io"];

  constructor(io: Cpu["io"]) {
    this.#io = io;
  }

  read8(device: number, register: number): number {
    this.#select(device, register);
    return this.#io.port_read8(0xcfc + (register & 3));
  }

  write8(device: number, register: number, value: number): void {
    this.#select(device, register);
    this.#io.port_write8(0xcfc + (register & 3), value);
  }

  #select(device: number, register: number): void {
    this.#io.port_write32(0xcf8, 0x80000000 | (device << 11) | (register & ~3) | 0);
  }
}
