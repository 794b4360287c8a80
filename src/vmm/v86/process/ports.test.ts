import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { acpiTables } from "./acpi-tables.ts";
import { Emulator } from "./emulator.ts";
import { GuestClock } from "./guest-clock.ts";
import type { Machine } from "./machine.ts";
import { halt, out8, out16, out32, sayPort, tinyGuest } from "./test/tiny-guest.ts";
import { type Watchdog, type WatchdogName, watchdogNamed, wdatTimer } from "./watchdogs.ts";

const { control, count, running, reload, fired } = wdatTimer;

/** Runs a few instructions until the guest is stopped or dead; the guest's time moves only as the test says. */
async function run(code: number[], name?: WatchdogName) {
  let now = 0;
  const watchdog: Watchdog | undefined = name && watchdogNamed(name, () => now);
  const said: number[] = [];
  const output = (_: string, byte: number | Uint8Array) => void said.push(Number(byte));
  const machine: Machine = {
    ...{ memoryBytes: 16 * 2 ** 20, lines: ["com1"], cmdline: "", disks: {}, bootOrder: ["disk"], nic: "none" },
    multiboot: new Uint8Array(readFileSync(tinyGuest(Buffer.from(code)))).buffer,
  };
  const pc = await Emulator.build(machine, new GuestClock(), { output, inputWanted() {}, wake() {} }, watchdog);
  let end = pc.slice();
  while (end.kind === "ran") end = pc.slice();
  const pass = (ms: number) => {
    now += ms;
  };
  return { end, said, watchdog, pass };
}

const stopped = (signal: object) => ({ kind: "stopped", signal });
const shutdown = (cause: string) => stopped({ event: "GUEST_SHUTDOWN", cause });
const reset = (cause: string) => stopped({ event: "GUEST_RESET", cause });

describe("a guest that writes to", () => {
  test.each([
    ["pvpanic", out8(0x505, 1), stopped({ event: "GUEST_CRASH", cause: "pvpanic", detail: "pvpanic 1" })],
    ["pvpanic, that a crash kernel takes over", out8(0x505, 2), { kind: "halted" }],
    ["isa-debug-exit", out8(0xf4, 16), stopped({ event: "GUEST_SHUTDOWN", cause: "debug-exit", value: 16 })],
    ["it by 32 bits", out32(0xf4, 0x12345), stopped({ event: "GUEST_SHUTDOWN", cause: "debug-exit", value: 0x12345 })],
    ["PM1 control, S5", out16(0xb004, 0x2000), shutdown("acpi-s5")],
    ["PM1 control, S4", out16(0xb004, 0x2800), shutdown("acpi-s4")],
    ["port 92h", out8(0x92, 1), reset("port92")],
    ["the keyboard controller", out8(0x64, 0xfe), reset("keyboard-controller")],
    ["CF9h", out8(0xcf9, 6), reset("cf9")],
    ["a port where there is nothing", out8(0x506, 1), { kind: "halted" }],
    ["the port of a watchdog that it does not have", out8(0x443, 14), { kind: "halted" }],
  ])("%s", async (_, code, end) => {
    expect((await run([...code, ...halt])).end).toEqual(end);
  });

  test("any of them finds them, and no other", async () => {
    const code = [0x505, 0xf4, 0xf5, 0x441, 0x443, control].flatMap(sayPort);
    expect((await run([...code, ...halt])).said).toEqual([3, 0, 0xff, 0xff, 0xff, 0xff]);
  });
});

describe("an ib700", () => {
  test.each([
    [0, 30_000],
    [14, 2000],
    [15, 0],
    [0xf1, 28_000],
  ])("armed with %i counts %i ms of the guest's time", async (code, ms) => {
    const { watchdog, pass } = await run([...out8(0x443, code), ...halt], "ib700");
    expect(watchdog?.msLeft).toBe(ms);
    pass(1500);
    expect(watchdog?.msLeft).toBe(Math.max(0, ms - 1500));
    pass(60_000);
    expect(watchdog?.msLeft).toBe(0);
    watchdog?.stop("expired");
    expect(watchdog?.msLeft).toBeUndefined();
  });

  test("does not count before it is armed, nor after it was stopped by any value", async () => {
    expect((await run(halt, "ib700")).watchdog?.msLeft).toBeUndefined();
    const { watchdog } = await run([...out8(0x443, 14), ...out8(0x441, 0), ...halt], "ib700");
    expect(watchdog?.msLeft).toBeUndefined();
  });
});

describe("the timer of the WDAT", () => {
  const arm = [...out32(count, 25), ...out8(control, running)];

  test("counts from what it was given, and starts anew when it is reloaded", async () => {
    const { watchdog, said } = await run([...arm, ...sayPort(control), ...sayPort(count), ...halt], "wdat");
    expect([watchdog?.msLeft, said]).toEqual([2500, [running, 25]]);
    const again = await run([...arm, ...out32(count, 40), ...out8(control, running | reload), ...halt], "wdat");
    expect(again.watchdog?.msLeft).toBe(4000);
    const kept = await run([...arm, ...out32(count, 40), ...out8(control, running), ...halt], "wdat");
    expect(kept.watchdog?.msLeft).toBe(2500);
  });

  test("stops when it is told to", async () => {
    expect((await run([...arm, ...out8(control, 0), ...halt], "wdat")).watchdog?.msLeft).toBeUndefined();
  });

  test("remembers that it has expired until it is told to forget, whatever else it does", () => {
    let read = () => 0;
    let write: (value: number) => void = () => {};
    const watchdog = watchdogNamed("wdat", () => 0);
    const nothing = { port_read8: () => 0, port_read32: () => 0, port_write8() {}, port_write32() {} };
    watchdog.wire({
      ...nothing,
      register_read: (port, _, read8) => {
        if (port === control) read = read8;
      },
      register_write: (port, _, write8) => {
        if (port === control) write = write8;
      },
    });
    watchdog.stop("reset");
    expect(read()).toBe(0);
    watchdog.stop("expired");
    watchdog.stop("reset");
    expect(read()).toBe(fired);
    write(running | fired);
    expect(read()).toBe(running | fired);
    write(running);
    expect(read()).toBe(running);
  });

  test("is described by a table that guests find", () => {
    const base = 0xe0000;
    const image = acpiTables(base, { hasWdat: true });
    const rsdt = image.readUInt32LE(16) - base;
    const at = image.readUInt32LE(rsdt + 40) - base;
    const table = image.subarray(at, at + image.readUInt32LE(at + 4));
    expect(table.toString("latin1", 0, 4)).toBe("WDAT");
    expect(table.reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0);
    expect(table).toHaveLength(68 + 24 * table.readUInt32LE(64));
    const actions = Array.from({ length: table.readUInt32LE(64) }, (_, i) => table[68 + 24 * i]);
    expect(actions).toEqual([1, 4, 6, 8, 9, 0x0a, 0x0b, 0x20, 0x21]);
    expect(acpiTables(base).includes("WDAT")).toBe(false);
  });
});
