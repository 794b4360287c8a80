import { expect, matrix, vmTest } from "petri-vm/test";

const ready = /^petri-guest ready/;

vmTest("a guest that crashed can be reset", { on: matrix({ boot: "kernel" }) }, async ({ vm, guest }) => {
  await guest.tripleFault();
  await expect(vm).toCrash("triple-fault");
  const [crash] = vm.power.events;
  await vm.reset();
  await expect(vm.console()).toPrint(ready, crash && { after: crash });
});

vmTest("ten resets are ten events, in order", { on: matrix({ boot: "kernel" }) }, async ({ vm, guest }) => {
  for (let round = 0; round < 10; round++) {
    await guest.reset();
    const event = await vm.power.next("reset");
    expect(event.index).toBe(round);
    await expect(vm.console()).toPrint(ready, { after: event });
  }
});

vmTest(
  "an event that came before anybody waited is found",
  { on: matrix({ boot: "kernel" }) },
  async ({ vm, guest }) => {
    await guest.shutdown();
    await expect(vm.console().expect("never printed")).rejects.toThrow(/the guest powered off \(acpi-s5\)/);
    await expect(vm).toPowerOff();
  },
);

vmTest(
  "a wait for another event is refused, and the event stays",
  { on: matrix({ boot: "kernel" }) },
  async ({ vm, guest }) => {
    await guest.shutdown();
    await expect(vm.power.next("reset")).rejects.toThrow(/powered off/);
    await expect(vm).toPowerOff();
  },
);

vmTest(
  "a VM that an action ended has its exit code",
  { on: matrix({ boot: "kernel" }), machine: { power: { shutdown: "exit:255" } } },
  async ({ vm, guest }) => {
    await guest.shutdown();
    await expect(vm).toExit(255);
  },
);

vmTest(
  "reset after shutdown, halt after reset: every action for every event",
  { on: matrix({ boot: "kernel" }), machine: { power: { shutdown: "reset", reset: "halt", crash: "reset" } } },
  async ({ vm, guest }) => {
    await guest.shutdown();
    const off = await vm.power.next("shutdown");
    await expect(vm.console()).toPrint(ready, { after: off });
    await guest.tripleFault();
    const crash = await vm.power.next("crash");
    await expect(vm.console()).toPrint(ready, { after: crash });
    await guest.reset();
    expect(await vm.power.next("reset")).toMatchObject({ action: "halt" });
    expect(vm.state).toBe("halted");
    await expect(vm.resumeFromHalt()).rejects.toThrow(/^the guest cannot go on: .*; use reset\(\)$/);
    await vm.reset();
    expect(await guest.echo("again")).toBe("again");
  },
);

vmTest(
  "a guest that stops every vCPU for good is told where the VMM can tell",
  { on: matrix({ boot: ["kernel", "pcat"], except: ({ vmm }) => /qemu|openvmm/.test(vmm) && `${vmm} does not tell` }) },
  async ({ vm, guest }) => {
    await guest.hang({ how: "quiet" });
    // vmd ends such a VM, and whether its guest meant to power off nobody knows.
    const isEnded = vm.plan.vmm === "vmctl";
    const told = isEnded ? { kind: "shutdown", confidence: "inferred" } : { kind: "halted", action: "none" };
    expect(await vm.power.next()).toMatchObject({ ...told, cause: "unknown" });
  },
);
