import { causeRow, expectedVerdict } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";

// The panic device would report it first: its driver is taken off, and the kernel restarts the machine by itself.
vmTest(
  "a Linux that panics and reboots has crashed, it has not reset",
  {
    on: matrix({ vmm: "qemu", boot: "kernel", image: "debian" }),
    machine: { power: { crash: "reset" } },
    timeout: "180s",
  },
  async ({ vm, guest }) => {
    await guest.ready();
    vm.expectCrash("sysrq triggered crash");
    vm.console().sendLine("cd /sys/bus/platform/drivers/pvpanic-mmio && echo QEMU0001:00 >unbind && echo unbound");
    await expect(vm.console()).toPrint(/^unbound/);
    vm.console().sendLine("echo -1 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger");
    const crash = await vm.power.next("crash");
    const { vmm, accelerator } = vm.plan;
    expect(crash).toMatchObject({
      ...expectedVerdict(causeRow(vmm, accelerator, "kernel-panic")),
      evidence: expect.arrayContaining(["com1: kernel panic: sysrq triggered crash"]),
    });
    await expect(vm.console()).toPrint(/^\[ +0\.000000\] Linux version/, { after: crash });
    expect(vm.power.events).toEqual([crash]);
  },
);
