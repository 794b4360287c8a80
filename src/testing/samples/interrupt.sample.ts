import { expect, matrix, vmTest } from "petri-vm/test";

vmTest("waits to be interrupted", { on: matrix({ boot: "kernel" }), timeout: "60s" }, async ({ vm, boot }) => {
  const peer = await boot();
  await expect(peer.console()).toPrint(/^petri-guest ready/);
  await expect(vm.console()).toPrint(/^petri-guest ready/);
  console.log("both are up");
  await new Promise(() => {});
});
