import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { bootPetriGuest, SpawnedVm } from "./test/spawned-vm.ts";
import { echoGuest } from "./test/tiny-guest.ts";

const MIB = 1024 * 1024;

describe("a console", { timeout: 120_000 }, () => {
  test("loses no byte of a flood", async () => {
    const vm = await bootPetriGuest();
    const from = vm.printed.com1?.length ?? 0;
    vm.send(`flood ${MIB} 7\n`);
    await vm.prints(/ok flood \d+ crc32=\w{8}\r\n/, from + MIB);
    expectWholeFlood(vm.printed.com1?.slice(from) ?? "", MIB);
  });

  test("makes the guest wait for a harness that does not read", async () => {
    const vm = await bootPetriGuest();
    const from = vm.printed.com1?.length ?? 0;
    vm.sockets.com1?.pause();
    vm.send(`flood ${8 * MIB} 7\n`);
    await untilIdle(vm);
    // What it has printed by now is all that is held for the harness.
    await vm.command("stop");
    vm.sockets.com1?.resume();
    await untilQuiet(vm);
    const held = (vm.printed.com1?.length ?? 0) - from;
    expect(held).toBeGreaterThan(MIB);
    expect(held).toBeLessThan(2 * MIB);

    await vm.command("cont");
    await vm.prints(/ok flood \d+ crc32=\w{8}\r\n/, from + 8 * MIB);
    expectWholeFlood(vm.printed.com1?.slice(from) ?? "", 8 * MIB);
  });

  test("gives the last bytes to a harness that reads them after the guest has ended", async () => {
    const vm = await bootPetriGuest();
    const from = vm.printed.com1?.length ?? 0;
    vm.sockets.com1?.pause();
    vm.send(`flood ${MIB} 7\nshutdown\n`);
    await sleep(2_000);
    vm.sockets.com1?.resume();
    const { com1Length } = await vm.event("GUEST_SHUTDOWN");
    expect(vm.printed.com1).toHaveLength(com1Length);
    expect(vm.printed.com1).toMatch(/ok shutdown\r\n$/);
    expectWholeFlood(vm.printed.com1?.slice(from) ?? "", MIB);
  });

  test("brings every byte of 64 KiB of input to the guest, in order", async () => {
    const vm = await bootPetriGuest();
    const from = vm.printed.com1?.length ?? 0;
    const lines = Array.from({ length: 1024 }, (_, index) =>
      `${index} ${"abcdefghijklmnopqrstuvwxyz".repeat(3)}`.slice(0, 58),
    );
    vm.send(lines.map((line) => `echo ${line}\n`).join(""));
    await vm.prints(`ok ${lines.at(-1)}`, from);
    await vm.prints(/\r\n$/, from);
    expect(vm.printed.com1?.slice(from)).toBe(lines.map((line) => `ok ${line}\r\n`).join(""));
  });

  test("keeps input that came while the guest was paused, and before it ran", async () => {
    const vm = await bootPetriGuest();
    await vm.command("stop");
    const from = vm.printed.com1?.length;
    vm.send("echo later\n");
    await sleep(50);
    expect(vm.printed.com1).toHaveLength(from ?? 0);
    await vm.command("cont");
    await vm.prints("ok later");

    const echo = await SpawnedVm.start(["--multiboot", echoGuest(0x3f8)]);
    echo.send("early");
    await sleep(50);
    await echo.command("cont");
    await echo.prints(/^early$/);
  });

  test.each([
    ["com2", 0x2f8],
    ["com3", 0x3e8],
    ["com4", 0x2e8],
  ])("may be %s", async (name, port) => {
    const vm = await SpawnedVm.start(["--multiboot", echoGuest(port)], ["com1", name]);
    await vm.command("cont");
    const text = "\u0000all\u00ffbytes\r\n".repeat(500);
    vm.sockets[name]?.write(Buffer.from(text, "latin1"));
    await vm.until("the echo", () => vm.printed[name]?.length === text.length);
    expect(vm.printed[name]).toBe(text);
    expect(vm.printed.com1).toBe("");
  });

  test("that breaks is told of, and the guest goes on", async () => {
    const vm = await bootPetriGuest();
    vm.send("flood 100000\n");
    vm.sockets.com1?.destroy();
    const { data } = await vm.event("VMM_ERROR");
    expect(data.message).toMatch(/^com1: /);
    await sleep(200);
    expect(await vm.command("query-status")).toEqual({ status: "running", running: true });
    await vm.command("quit");
    expect(await vm.ended).toMatchObject({ code: 0 });
    expect(vm.events.map(({ event }) => event)).toEqual(["RESUME", "VMM_ERROR"]);
  });
});

async function untilIdle(vm: SpawnedVm): Promise<void> {
  for (let before = -1000, now = 0; now - before > 20; before = now, now = await vm.cpuMs()) await sleep(400);
}

async function untilQuiet(vm: SpawnedVm): Promise<void> {
  for (let before = -1; before !== vm.printed.com1?.length; await sleep(400)) before = vm.printed.com1?.length ?? 0;
}

function expectWholeFlood(text: string, length: number): void {
  const [, told] = /crc32=(\w{8})\r\n/.exec(text) ?? [];
  const crc = crc32(Buffer.from(text.slice(0, length), "latin1"));
  expect(crc.toString(16).padStart(8, "0")).toBe(told);
}
