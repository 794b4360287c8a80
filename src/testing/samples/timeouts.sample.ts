import { expect, matrix, vmTest } from "petri-vm/test";

const on = matrix({ vmm: "qemu", boot: "kernel" });

vmTest("waits for what never comes", { on, timeout: "3s" }, async ({ vm }) => {
  await expect(vm.console()).toPrint("never said");
});

vmTest("hangs in a promise", { on, timeout: "6s" }, async ({ vm }) => {
  await vm.console().expect(/^petri-guest ready/);
  await new Promise(() => {});
});

vmTest("hangs after the guest has stopped", { on, timeout: "6s" }, async ({ guest }) => {
  await guest.tripleFault();
  await new Promise(() => {});
});

vmTest("never yields", { on, timeout: "1s", retry: 1 }, async ({ vm }) => {
  await vm.console().expect(/^petri-guest ready/);
  const end = Date.now() + 1500;
  while (Date.now() < end);
});

vmTest("passes after a timeout", { on, timeout: "5s", retry: 1 }, async ({ vm, task, signal }) => {
  if (task.result?.retryCount === 0) await new Promise(() => {});
  expect(signal.aborted).toBe(false);
  await vm.console().expect(/^petri-guest ready/);
});
