import type { PowerSignal } from "./power-ports.ts";
import type { PortBus } from "./v86-internals.ts";

const pvpanic = 0x505;
/** QEMU, docs/specs/pvpanic: bit 0 is "panicked", bit 1 "a crash kernel takes over". Reading tells which are known. */
const panicked = 1;
const crashLoaded = 2;

/** Where QEMU's users put isa-debug-exit. Its readers see 0; v86's own test port there would load the kernel again. */
const debugExit = 0xf4;

/**
 * Ports by which a guest tells the VMM something, and that v86 lacks: a panic (`pvpanic`), the end of a test
 * (`isa-debug-exit`). `stop` does not come back.
 */
export function wireSignalPorts(io: PortBus, stop: (signal: PowerSignal) => never): void {
  const panic = (value: number) => {
    if (value & panicked) stop({ event: "GUEST_CRASH", cause: "pvpanic", detail: `pvpanic ${value & 0xff}` });
  };
  const events = () => panicked | crashLoaded;
  io.register_read(pvpanic, {}, events, events, events);
  io.register_write(pvpanic, {}, panic, panic, panic);

  const exit = (value: number) => stop({ event: "GUEST_SHUTDOWN", cause: "debug-exit", value: value >>> 0 });
  const nothing = () => 0;
  io.register_read(debugExit, {}, nothing, nothing, nothing);
  io.register_write(debugExit, {}, exit, exit, exit);
}
