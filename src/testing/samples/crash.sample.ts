import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, matrix, vmTest } from "petri-vm/test";

const on = matrix({ boot: "kernel" });

vmTest("stuck in a promise while the guest crashes", { on }, async ({ vm }) => {
  await expect(vm.console()).toPrint(/^petri-guest ready/);
  vm.console().sendLine("triple-fault");
  await new Promise(() => {});
});

vmTest("waiting for text while the guest crashes", { on }, async ({ vm }) => {
  await expect(vm.console()).toPrint(/^petri-guest ready/);
  vm.console().sendLine("triple-fault");
  await expect(vm.console()).toPrint("never said");
});

vmTest("swallowing the crash", { on }, async ({ vm }) => {
  await expect(vm.console()).toPrint(/^petri-guest ready/);
  vm.console().sendLine("triple-fault");
  await expect(vm.console())
    .toPrint("never said")
    .catch(() => {});
  await expect(vm.pause()).rejects.toThrow("crashed");
});

vmTest("expecting the crash", { on }, async ({ vm, guest }) => {
  await guest.tripleFault();
  await expect(vm).toCrash("triple-fault");
});

vmTest("crashing while the body is in a loop that ends it", { on }, async ({ vm, guest }) => {
  await guest.ready();
  vm.console().sendLine("triple-fault");
  const told = () => readFileSync(join(vm.traceDir, "events.jsonl"), "utf8").includes('STOP\\"');
  for (const end = Date.now() + 12_000; !told() && Date.now() < end; );
});
