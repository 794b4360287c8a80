import { expect, matrix, vmTest } from "petri-vm/test";

const on = matrix({ boot: "kernel" });

vmTest("prints, and does not print", { on }, async ({ vm }) => {
  await expect(vm.console("com1")).toPrint(/^petri-guest ready/);
  await expect(vm.console("com1")).not.toPrint("anything else", { during: 100 });
});

vmTest("a span is missing", { on }, async ({ vm }) => {
  await expect(vm.console()).not.toPrint("panic");
});

vmTest("prints what it must not", { on }, async ({ vm }) => {
  await expect(vm.console()).not.toPrint("ready", { during: "10s" });
});

vmTest("prints one of several, lines, and nothing else until it powers off", { on }, async ({ vm, guest }) => {
  const quiet = expect(vm.console()).not.toPrint("error", { until: vm.power.next("shutdown") });
  await expect(vm.console()).toPrintAny(["login:", /^petri-guest ready/]);
  await guest.echo("hello");
  await expect(vm.console()).toPrintLines([/^ok hello/], { tolerateKernelMessages: true, consecutive: true });
  await guest.shutdown();
  await quiet;
});

vmTest("lines out of order", { on }, async ({ vm }) => {
  await expect(vm.console()).toPrintLines(["never", /^petri-guest ready/], { timeout: 100 });
});

vmTest("shows, and does not show", { on }, async ({ vm, guest }) => {
  await guest.ready();
  await expect(vm.console().screen()).toShow(/^petri-guest ready/);
  await expect(vm.console().screen()).not.toShow("anything else", { during: 100 });
});

vmTest("shows what it must not", { on }, async ({ vm }) => {
  await expect(vm.console().screen()).not.toShow("ready", { during: "10s" });
});

vmTest("does not show", { on }, async ({ vm }) => {
  await expect(vm.console().screen({ columns: 40, rows: 3 })).toShow("login:", { timeout: "200ms" });
});

vmTest("powers off", { on }, async ({ vm, guest }) => {
  await guest.shutdown();
  await expect(vm).toPowerOff();
});

vmTest("resets instead", { on }, async ({ vm, guest }) => {
  await guest.reset();
  await expect(vm).toPowerOff();
});

vmTest("exits", { on, machine: { power: { shutdown: "exit:7" } } }, async ({ vm, guest }) => {
  await guest.shutdown();
  await expect(vm).toExit(7);
});

vmTest("exits otherwise", { on, machine: { power: { shutdown: "exit:7" } } }, async ({ vm, guest }) => {
  await guest.shutdown();
  await expect(vm).toExit(0);
});

vmTest("two machines", { on }, async ({ vm, boot }) => {
  const peer = await boot({ machine: { memory: { size: "64M" } } });
  await expect(vm.console()).toPrint(/^petri-guest ready/);
  await expect(peer.console()).toPrint(/^petri-guest ready/);
  expect(peer.traceDir).not.toBe(vm.traceDir);
});

vmTest("more machines than reserved", { on, vms: 1 }, async ({ vm, boot }) => {
  await expect(vm.console()).toPrint(/^petri-guest ready/);
  await boot();
});
