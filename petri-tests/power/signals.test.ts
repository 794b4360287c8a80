import { expect, matrix, vmTest } from "petri-vm/test";

const kernel = { on: matrix({ boot: "kernel", image: "petri-guest" }) };
const ready = /^petri-guest ready/;

vmTest(
  "a value written to debug-exit ends the machine, and is in the evidence",
  { ...kernel, machine: { vmmOptions: { qemu: ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"] } } },
  async ({ vm, guest, cell }) => {
    await guest.debugExit(17);
    const event = await vm.power.next("shutdown");
    expect(event.evidence.join()).toMatch(cell.vmm === "v86" ? /"value":17\b/ : /status 35\b/);
  },
);

vmTest("each CPU exception is reported by the guest, and no more", kernel, async ({ vm, guest, cell }) => {
  if (cell.vmm === "v86") vm.power.allow("halted");
  for (const vector of [0, 6, 13]) {
    await guest.exception(vector);
    await expect(vm.console()).toPrint(new RegExp(`^exception ${vector} error=0x\\w+ ip=0x\\w+$`));
    await vm.reset();
    await expect(vm.console()).toPrint(ready);
  }
  expect(vm.power.events.filter(({ kind }) => kind !== "halted")).toEqual([]);
});

vmTest("a stack of nested faults is reported from its first to its last", kernel, async ({ vm, guest, cell }) => {
  if (cell.vmm === "v86") vm.power.allow("halted");
  await guest.nestedFaults(32);
  for (let depth = 1; depth <= 32; depth++) {
    await expect(vm.console()).toPrint(new RegExp(`^exception 6 error=0x0 ip=0x\\w+ depth=${depth}$`));
  }
  expect(vm.power.events.filter(({ kind }) => kind !== "halted")).toEqual([]);
});
