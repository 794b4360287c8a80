import { expect, matrix, vmTest } from "petri-vm/test";

vmTest(
  "after a reset by the test the driver waits for the new boot",
  { on: matrix({ boot: ["kernel", "pcat"], image: "petri-guest" }) },
  async ({ vm, guest }) => {
    await guest.ready();
    for (const round of ["one", "two"]) {
      const before = vm.bootOffset();
      await vm.reset();
      expect(vm.bootOffset()).toBeGreaterThan(before);
      expect(await guest.echo(round)).toBe(round);
    }
    expect(vm.power.events).toEqual([]);
  },
);

vmTest(
  "resets that overlap leave a guest that runs",
  { on: matrix({ boot: "kernel", image: "petri-guest" }) },
  async ({ vm, guest }) => {
    await guest.ready();
    await Promise.all([vm.reset(), vm.reset(), vm.reset()]);
    expect(await guest.echo("alive")).toBe("alive");
  },
);
