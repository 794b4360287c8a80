import { expect, matrix, vmTest } from "petri-vm/test";

vmTest("boots", { on: matrix({ boot: ["kernel", "uefi"] }) }, async ({ vm, cell }) => {
  await expect(vm.console()).toPrint(`petri-guest ready ${cell.boot}`);
});

vmTest.skip("is not looked at", { on: matrix({ vmm: "v86", boot: "kernel" }) }, () => {
  throw new Error("it ran");
});

vmTest.fails("fails, as it should", { on: matrix({ vmm: "v86", boot: "kernel" }) }, () => {
  throw new Error("on purpose");
});

vmTest("needs UEFI", { on: matrix({ vmm: "v86" }), needs: ["uefi"] }, () => {});
