import { expect, matrix, vmTest } from "petri-vm/test";

const awake = /^petri-guest awake$/;

vmTest(
  "a guest that suspended to RAM goes on where it was when it is woken",
  { on: matrix({ vmm: "qemu", image: "petri-guest" }) },
  async ({ vm, guest }) => {
    const before = await guest.info();
    for (let round = 0; round < 2; round++) {
      await guest.suspend();
      await vm.facet("wake")();
      await expect(vm.console()).toPrint(awake);
      expect(await guest.echo("the same one")).toBe("the same one");
    }
    expect(await guest.info()).toEqual(before);
    expect((await guest.tap()).failed).toEqual([]);
    expect(vm.power.events).toEqual([]);
    await guest.shutdown();
    await expect(vm).toPowerOff();
  },
);

vmTest(
  "a suspended guest can be reset",
  { on: matrix({ vmm: "qemu", boot: "kernel", image: "petri-guest" }) },
  async ({ vm, guest }) => {
    await guest.suspend();
    await vm.reset();
    await expect(vm.console()).toPrint(/^petri-guest ready/);
    await expect(vm.console()).toPrint(/^petri-guest ready/);
    expect(vm.power.events).toEqual([]);
  },
);

// SeaBIOS leaves S4 out of its tables when the VMM does not offer it.
vmTest(
  "under a BIOS v86 cannot hibernate, and says so",
  { on: matrix({ vmm: "v86", boot: "pcat", image: "petri-guest" }) },
  async ({ guest }) => {
    await expect(guest.hibernate()).rejects.toThrow("no hibernate");
  },
);

vmTest(
  "v86 cannot suspend, and says so",
  { on: matrix({ vmm: "v86", boot: "kernel", image: "petri-guest" }) },
  async ({ vm, guest }) => {
    await expect(guest.suspend()).rejects.toThrow("no suspend");
    expect(() => vm.facet("wake")).toThrow("v86 has no wake for this machine");
  },
);
