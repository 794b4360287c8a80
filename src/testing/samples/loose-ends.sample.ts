import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, matrix, vmTest } from "petri-vm/test";

const on = matrix({ boot: "kernel" });

vmTest("a wait that is never awaited", { on }, async ({ vm }) => {
  void vm.console().expect(/^petri-guest ready/);
});

vmTest("an expectation that is never awaited", { on }, async ({ vm }) => {
  void expect(vm.console()).toPrint(/^petri-guest ready/);
});

vmTest("a screen that is never awaited", { on }, async ({ vm }) => {
  void vm.console().screen().toShow("petri-guest ready");
});

vmTest("an event that nobody looks at", { on }, async ({ vm, guest }) => {
  await guest.reset();
  const ready = /^petri-guest ready/;
  await vm.console().expect(ready);
  await vm.console().expect(ready);
});

vmTest("fails first, and has loose ends", { on }, async ({ vm }) => {
  void vm.console().expect("never said");
  throw new Error("the first failure");
});

vmTest("an event told only after the body", { on }, async ({ vm, guest }) => {
  await guest.ready();
  vm.console().sendLine("shutdown");
  const told = () => readFileSync(join(vm.traceDir, "events.jsonl"), "utf8").includes('STOP\\"');
  for (const end = Date.now() + 12_000; !told() && Date.now() < end; );
});

vmTest("a guest's answer that is never awaited", { on }, async ({ guest }) => {
  await guest.ready();
  void guest.echo("one");
});

vmTest("a wait that fails", { on }, async ({ vm }) => {
  await vm.console().expect("never said", { timeout: "100ms" });
});

vmTest("a guest that fails", { on }, async ({ guest }) => {
  await guest.watchdog({ arm: "1s" });
});
