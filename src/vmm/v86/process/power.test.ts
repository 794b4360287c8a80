import { describe, expect, test } from "vitest";
import { bootPetriGuest, READY } from "./test/spawned-vm.ts";

describe("a power event", { timeout: 60_000 }, () => {
  test.each([
    { command: "reset keyboard", event: "GUEST_RESET", data: { cause: "keyboard-controller" }, status: "guest-reset" },
    { command: "reset cf9", event: "GUEST_RESET", data: { cause: "cf9" }, status: "guest-reset" },
    { command: "reset port92", event: "GUEST_RESET", data: { cause: "port92" }, status: "guest-reset" },
    { command: "shutdown", event: "GUEST_SHUTDOWN", data: { cause: "acpi-s5" }, status: "shutdown" },
    {
      command: "triple-fault",
      event: "GUEST_CRASH",
      data: {
        cause: "triple-fault",
        detail: expect.stringMatching(
          /^an exception could not be delivered: protected mode, eip 0x1\w+, idt 0x0 limit 0x0$/,
        ),
      },
      status: "guest-crashed",
    },
  ])("$event on `$command` stops the guest at once, after its last bytes", async ({ command, event, data, status }) => {
    const vm = await bootPetriGuest();
    vm.send(`${command}\n`);
    const told = await vm.event(event);
    expect(told.data).toEqual(data);
    expect(vm.printed.com1?.slice(0, told.com1Length)).toMatch(new RegExp(`ok ${command}\r?\n$`));
    expect(await vm.command("query-status")).toEqual({ status, running: false });

    // Still there for inspection, but it cannot go on.
    expect(await vm.command("query-registers")).toMatchObject({ registers: { cr0: expect.stringMatching(/^0x/) } });
    expect(await vm.command("cont")).toMatchObject({ error: { desc: expect.stringContaining("system_reset") } });
    expect(vm.printed.com1).toHaveLength(told.com1Length);

    await vm.command("system_reset");
    expect(await vm.command("query-status")).toEqual({ status: "paused", running: false });
    await vm.command("cont");
    await vm.prints(READY, told.com1Length);
    vm.send("echo once more\n");
    await vm.prints("ok once more");
    expect(vm.events.map(({ event }) => event)).toEqual(["RESUME", event, "RESUME"]);
    expect((await quit(vm)).stderr).toBe("");
  });

  test("GUEST_HALTED is told once, and stop and cont change nothing about it", async () => {
    const vm = await bootPetriGuest();
    vm.send("hang\n");
    const told = await vm.event("GUEST_HALTED");
    expect(vm.printed.com1?.slice(0, told.com1Length)).toMatch(/ok hang\b.*\r?\n$/);
    expect(await vm.command("query-status")).toEqual({ status: "halted", running: true });
    await vm.command("stop");
    expect(await vm.command("query-status")).toEqual({ status: "paused", running: false });
    await vm.command("cont");
    expect(await vm.command("query-status")).toEqual({ status: "halted", running: true });
    expect(vm.events.map(({ event }) => event)).toEqual(["RESUME", "GUEST_HALTED", "STOP", "RESUME"]);
    await vm.command("system_reset");
    await vm.command("cont");
    await vm.prints(READY, told.com1Length);
  });

  test("a guest that loops with interrupts off is just running", async () => {
    const vm = await bootPetriGuest();
    vm.send("hang busy\n");
    await vm.prints("ok hang");
    expect(await vm.command("query-status")).toEqual({ status: "running", running: true });
    await vm.command("stop");
    expect(await vm.command("query-status")).toEqual({ status: "paused", running: false });
    expect(vm.events.map(({ event }) => event)).toEqual(["RESUME", "STOP"]);
  });

  test("an exception with a handler is the guest's own business", async () => {
    const vm = await bootPetriGuest();
    vm.send("exception 6\n");
    await vm.prints(/exception 6 /);
    expect((await vm.event("GUEST_HALTED")).data).toEqual({});
  });

  test("forty resets leave no memory behind", async () => {
    const vm = await bootPetriGuest();
    for (let round = 0; round < 40; round++) {
      const from = vm.printed.com1?.length;
      vm.send("reset\n");
      await vm.event("GUEST_RESET", round);
      await vm.command("system_reset");
      await vm.command("cont");
      await vm.prints(READY, from);
    }
    expect(await vm.residentMiB()).toBeLessThan(300);
  });
});

async function quit(vm: Awaited<ReturnType<typeof bootPetriGuest>>) {
  await vm.command("quit");
  return vm.ended;
}
