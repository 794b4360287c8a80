import type { Rule } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";

const on = matrix({ boot: "kernel" });
/** petri-guest says what it is told to: its console prints what a kernel would. */
const panic = "ok Kernel panic - not syncing: told to";

const crash: Rule = {
  ...{ id: "demo", os: "linux", type: "dos", title: "kernel panic: {text}", isFinal: true },
  ...{ start: /^ok Kernel panic - not syncing: (?<text>.*)/, example: panic },
};
const warning: Rule = {
  ...{ id: "demo-warning", os: "linux", type: "warning", title: "WARNING in {frame}", oneLine: true },
  ...{ start: /^ok WARNING in (?<frame>\w+)/, example: "ok WARNING in demo" },
};
const oracle = { extra: [crash, warning] };

vmTest("a report nobody expects, in a body that goes on", { on, oracle }, async ({ vm, guest }) => {
  await guest.ready();
  vm.console().sendLine("echo Kernel panic - not syncing: told to");
  await expect(vm.console()).toPrint("never said");
});

vmTest("a report in the body's last moment", { on, oracle }, async ({ guest }) => {
  await guest.echo("Kernel panic - not syncing: told to");
});

vmTest("a crash that is awaited by its title", { on, oracle }, async ({ vm, guest }) => {
  await guest.ready();
  vm.console().sendLine("echo Kernel panic - not syncing: told to");
  await expect(vm).toCrash(/^kernel panic: told/);
});

vmTest("a report that is awaited", { on, oracle }, async ({ vm, guest }) => {
  await guest.ready();
  const reported = expect(vm).toReport(/told to/);
  vm.console().sendLine("echo Kernel panic - not syncing: told to");
  await reported;
});

vmTest("an expected crash that does not come", { on, oracle }, async ({ vm, guest }) => {
  vm.expectCrash(/never/);
  await guest.ready();
});

vmTest("a warning", { on, oracle }, async ({ guest }) => {
  await guest.echo("WARNING in demo");
});

vmTest("a warning that is only reported", { on, oracle: { ...oracle, warnings: "report" } }, async ({ vm, guest }) => {
  await guest.echo("WARNING in demo");
  expect((await vm.findings.next(/demo/)).type).toBe("warning");
});

vmTest("a title that is ignored", { on, oracle: { ...oracle, ignore: [/told to/] } }, async ({ guest }) => {
  await guest.echo("Kernel panic - not syncing: told to");
});

vmTest("a hang while a report is awaited", { on, progressWithin: "500ms" }, async ({ vm, guest }) => {
  await guest.ready();
  await guest.hang({ how: "busy" });
  await expect(vm).toReport(/never/);
});

vmTest("a report that does not come", { on }, async ({ vm, guest }) => {
  await guest.ready();
  await expect(vm).toReport("KASAN", { timeout: "200ms" });
});
