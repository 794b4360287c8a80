import { expect, matrix, vmTest } from "petri-vm/test";

vmTest(
  "memtest86+ is seen alive on the serial line",
  { on: matrix({ vmm: "qemu", boot: ["pcat", "uefi"], image: "memtest86+" }) },
  async ({ vm }) => {
    await expect(vm.console()).toPrint(/Memtest86\+/);
    // It counts seconds for as long as it lives.
    await expect(vm.console()).toPrint(/0:00:0[1-9]/);
  },
);

vmTest(
  "OVMF without a boot device powers off instead of showing its front page",
  { on: matrix({ vmm: "qemu", boot: "kernel", image: "petri-guest" }), timeout: "60s" },
  async ({ boot }) => {
    const vm = await boot({
      image: null,
      machine: { memory: { size: "128M" }, boot: { kind: "uefi", frontpage: false } },
    });
    const event = await vm.power.next("shutdown");
    expect(event).toMatchObject({ cause: "unknown", confidence: "inferred", action: "halt" });
    expect(event.evidence.join("\n")).toMatch(/BdsDxe/);
  },
);
