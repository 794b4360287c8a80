import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { Emulator, loadV86 } from "./emulator.ts";
import { GuestClock } from "./guest-clock.ts";
import type { Machine } from "./machine.ts";
import { echoGuest } from "./test/tiny-guest.ts";
import type { Cpu } from "./v86-internals.ts";

const machine: Machine = {
  memoryBytes: 16 * 1024 * 1024,
  lines: ["com1", "virtio-console"],
  multiboot: new Uint8Array(readFileSync(echoGuest(0x3f8))).buffer,
  cmdline: "",
  disks: {},
  bootOrder: ["disk"],
  nic: "none",
};

const clock = new GuestClock();

/** Each test names one thing that v86 does not promise and that we build on: see it here first after an upgrade. */
describe("v86, as we hook it,", () => {
  let emulator: Emulator;
  let cpu: Cpu;
  const printed: unknown[] = [];

  beforeAll(async () => {
    const output = (_: string, bytes: unknown) => printed.push(bytes);
    emulator = await Emulator.build(machine, clock, { output, inputWanted: () => {}, wake: () => {} });
    cpu = emulator.cpu;
  });

  test("is the pinned version", () => {
    const packageJson = JSON.parse(readFileSync(new URL("../package.json", import.meta.resolve("v86")), "utf8"));
    expect(packageJson.version).toMatch(/^0\.5\.462(\+|$)/);
  });

  test("takes its port and halt functions from us, by these names", async () => {
    const [, wasm] = await loadV86();
    const imports = WebAssembly.Module.imports(wasm).map(({ module, name }) => `${module}.${name}`);
    expect(imports).toEqual(
      expect.arrayContaining([
        "env.io_port_read8",
        "env.io_port_write8",
        "env.io_port_write16",
        "env.io_port_write32",
        "env.cpu_event_halt",
        "env.microtick",
        "env.stop_idling",
        "env.console_log_from_wasm",
      ]),
    );
  });

  test("runs a slice of about a millisecond when asked", () => {
    const start = performance.now();
    for (let slice = 0; slice < 20; slice++) cpu.main_loop();
    expect(performance.now() - start).toBeGreaterThan(15);
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test("sends serial output, and takes input, byte by byte", () => {
    expect(emulator.inputs.com1?.(Buffer.from("hi"))).toBe(2);
    emulator.slice();
    expect(printed).toEqual([..."hi"].map((char) => char.charCodeAt(0)));
  });

  test("shows the CPU's state under these names", () => {
    for (const name of ["reg32", "flags", "sreg", "cr", "protected_mode"] as const)
      expect(cpu[name][0]).toBeTypeOf("number");
    for (const name of ["idtr_offset", "idtr_size", "gdtr_offset", "gdtr_size"] as const)
      expect(cpu[name][0]).toBeTypeOf("number");
    expect(cpu.protected_mode[0]).toBe(1);
    expect(cpu.get_real_eip()).toBeGreaterThan(0x100000);
    expect(cpu.get_eflags() & 2).toBe(2);
    expect(cpu.translate_address_system_read(0x100000)).toBe(0x100000);
    expect(cpu.mem8[0x100000]).toBe(0x02); // the multiboot magic's first byte
  });

  test("reads the time from us, in its devices too", async () => {
    const acpiTimer = () => cpu.io.port_read32(0xb008);
    const ticking = acpiTimer();
    await sleep(20);
    expect(acpiTimer() - ticking).toBeGreaterThan(50_000); // 3.58 MHz
    clock.hold();
    const held = acpiTimer();
    await sleep(20);
    expect(acpiTimer() - held).toBeLessThan(1_000);
    clock.release();
  });

  test("has its virtio-console's receive queue where we look for it", () => {
    const queue = cpu.devices.virtio_console?.virtio.queues[0];
    for (const name of ["is_configured", "has_request", "pop_request", "push_reply", "flush_replies"] as const) {
      expect(queue?.[name]).toBeTypeOf("function");
    }
    expect(emulator.inputs["virtio-console"]?.(Buffer.from("no driver yet"))).toBe(0);
  });

  test("keeps the text screen without a browser", () => {
    expect(emulator.screenText()).toHaveLength(25);
  });

  test("resets through reboot_internal, which is ours to replace", () => {
    expect(Object.hasOwn(cpu, "reboot_internal")).toBe(true);
    expect(emulator.enter(() => cpu.reboot_internal())).toEqual({
      kind: "stopped",
      signal: { event: "GUEST_RESET", cause: "unknown" },
    });
  });

  test("panics with a text and a stack when an exception cannot be delivered, so that a triple fault can be told", async () => {
    // int3 with the IDT limit 0 that a multiboot loader leaves behind
    const kernel = Buffer.from(readFileSync(echoGuest(0x3f8)));
    kernel[32] = 0xcc;
    const crashing = { ...machine, multiboot: new Uint8Array(kernel).buffer };
    const victim = await Emulator.build(crashing, clock, { output: () => {}, inputWanted: () => {}, wake: () => {} });
    expect(victim.slice()).toMatchObject({ kind: "stopped", signal: { event: "GUEST_CRASH", cause: "triple-fault" } });
  });
});
