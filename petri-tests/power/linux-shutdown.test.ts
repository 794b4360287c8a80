import { readTrace } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian-cloud" });
const anyBoot = { on: matrix({ vmm: "qemu", boot: ["kernel", "pcat", "uefi"], image: "debian-cloud" }) };

vmTest("a Linux powers off by ACPI, from inside", anyBoot, async ({ vm, guest }) => {
  await guest.shutdown();
  expect(await vm.power.next("shutdown")).toMatchObject({ cause: "acpi-s5", action: "halt", confidence: "reported" });
  expect(vm.state).toBe("halted");
  expect(vm.console().text()).toContain("reboot: Power down");
  expect(vm.power.events).toHaveLength(1);
});

vmTest("a Linux reboots, from inside, and comes back", anyBoot, async ({ vm, guest }) => {
  await guest.reset();
  const event = await vm.power.next("reset");
  expect(event).toMatchObject({ action: "reset" });
  await expect(vm.console()).toPrint(/^PETRI-READY$/, { after: event });
  expect(await guest.echo("again")).toBe("again");
  expect(vm.power.events).toHaveLength(1);
});

vmTest("the power button, from outside, powers a Linux off that listens to it", anyBoot, async ({ vm, guest }) => {
  await guest.ready();
  await vm.facet("powerButton")();
  expect(await vm.power.next("shutdown")).toMatchObject({ cause: "acpi-s5", confidence: "reported" });
  expect(vm.power.events).toHaveLength(1);
});

vmTest("a Linux that halts leaves its machine on, and whoever waits is told", { on }, async ({ vm, guest }) => {
  await guest.halt();
  await expect(vm.console()).toPrint(/reboot: System halted/);
  // No VMM tells of it by itself: the wait ends by its time, with what the guest said last.
  await expect(vm.power.next("shutdown", { timeout: "1s" })).rejects.toThrow(
    /power\.next\("shutdown"\) did not come within 1 s\n[\s\S]*\| .*reboot: System halted/,
  );
  expect(await vm.facet("isHaltedForGood")()).toBe(true);
  expect(vm.state).toBe("running");
  expect(vm.power.events).toEqual([]);
  const button = [{ rung: "button", within: "1s" }] as const;
  await expect(vm.shutdown({ ladder: button })).rejects.toThrow(
    /^the guest did not shut down by button:\n {2}button: the guest did not power off within 1 s\nevery vCPU is halted with interrupts off/,
  );
  await vm.reset();
  expect(await guest.echo("again")).toBe("again");
});

vmTest("a guest that runs is not halted for good, idle as it may be", { on }, async ({ vm, guest }) => {
  expect(await guest.echo("idle from now on")).toBe("idle from now on");
  expect(await vm.facet("isHaltedForGood")()).toBe(false);
});

vmTest("the first rung of the ladder powers a well guest off", { on }, async ({ vm }) => {
  const { rung, event, rungs } = await vm.shutdown();
  expect(rung).toBe("command");
  expect(event).toMatchObject({ kind: "shutdown", cause: "acpi-s5" });
  expect(rungs).toMatchObject([{ rung: "command", outcome: "worked" }]);
});

/** The shell is busy, and takes no command. */
const busy = { on, vms: 1 };

vmTest("a guest whose shell is busy is powered off by its button", busy, async ({ vm, guest }) => {
  await guest.ready();
  await vm.console().expect("petri# ");
  vm.console().sendLine("cat");
  const { rung, rungs } = await vm.shutdown({ ladder: [{ rung: "command", within: "1s" }, "button"] });
  expect(rung).toBe("button");
  expect(rungs).toMatchObject([
    { rung: "command", outcome: "too late", why: "the guest did not power off within 1 s" },
    { rung: "button", outcome: "worked" },
  ]);
  const steps = [];
  for await (const event of (await readTrace(vm.traceDir)).events()) if (event.kind === "step") steps.push(event);
  expect(steps).toMatchObject([
    { phase: "begin", title: "shutdown: the guest's command, within 1 s" },
    { phase: "end", ok: false, error: "TimeoutError: the guest did not power off within 1 s" },
    { phase: "begin", title: "shutdown: the power button, within 30 s" },
    { phase: "end", ok: true },
  ]);
});

vmTest("a shutdown that hangs is told as such, and ends by force", busy, async ({ vm, guest }) => {
  await guest.ready();
  const console = vm.console();
  await console.expect("petri# ");
  // Nobody hears the button any more, and the shell is deaf.
  console.sendLine("killall acpid; echo Stopping the database ...; cat");
  await expect(console).toPrint(/^Stopping the database/);
  const asked = [
    { rung: "command", within: "1s" },
    { rung: "button", within: "1s" },
  ] as const;
  await expect(vm.shutdown({ ladder: asked })).rejects.toThrow(
    /^the guest did not shut down by command, button:\n[\s\S]*last lines of com1:\n[\s\S]*Stopping the database/,
  );
  expect(vm.state).toBe("running");
  const { rung, event, rungs } = await vm.shutdown({ ladder: [...asked.slice(1), "kill"] });
  expect([rung, event]).toEqual(["kill", undefined]);
  expect(rungs).toHaveLength(2);
  expect(vm.state).toBe("ended");
  expect(vm.power.events).toEqual([]);
});

vmTest("a guest that reboots when it is told to power off is told by that", { on }, async ({ vm, guest }) => {
  await guest.ready();
  await vm.console().expect("petri# ");
  vm.console().sendLine("printf '#!/bin/sh\\nreboot -f\\n' >/etc/acpi/PWRF/00000080; echo changed");
  await expect(vm.console()).toPrint(/^changed/);
  await expect(vm.shutdown({ ladder: ["button"] })).rejects.toThrow(/reset/);
  await vm.power.next("reset");
});
