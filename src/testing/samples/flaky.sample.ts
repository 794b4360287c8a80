import { expect, matrix, vmTest } from "petri-vm/test";

vmTest("passes when tried again", { on: matrix({ vmm: "v86", boot: "kernel" }), retry: 2 }, async ({ vm, task }) => {
  await expect(vm.console()).toPrint(/^petri-guest ready/);
  expect(task.result?.retryCount).toBe(1);
});
