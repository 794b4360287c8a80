import type { VirtualMachine } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";
import { foundAfter } from "./found-after.ts";

const crashing = { on: matrix({ vmm: "qemu", boot: "kernel", image: "debian-crash" }) };

/** Types a command at the next prompt, and gives what is reported under that title. */
async function reportOf(vm: VirtualMachine, command: string, title: RegExp) {
  await vm.console().expect("petri# ");
  const report = vm.findings.next(title);
  vm.console().sendLine(command);
  return await report;
}

const survived = [
  [
    "crash EXCEPTION",
    "BUG: unable to handle kernel NULL pointer dereference in crash_exception",
    "null-pointer-dereference",
  ],
  [
    "crash ACCESS_NULL",
    "BUG: unable to handle kernel NULL pointer dereference in crash_access_null",
    "null-pointer-dereference",
  ],
  [
    "crash EXEC_NULL",
    "BUG: unable to handle kernel NULL pointer dereference in direct_write",
    "null-pointer-dereference",
  ],
  [
    "crash ACCESS_UNMAPPED",
    "BUG: unable to handle kernel paging request in crash_access_unmapped",
    "memory-safety-bug",
  ],
  ["crash BUG", "kernel BUG in crash_bug", "bug"],
  ["crash CORRUPT_LIST_ADD", "BUG: corrupted list in crash_corrupt_list_add", "memory-safety-bug"],
  ["crash DIVIDE", "divide error in crash_divide", "dos"],
  ["crash WARNING", "WARNING in crash_warning", "warning"],
  ["crash WARNING_MESSAGE", "WARNING in crash_warning_message", "warning"],
  ["crash REFCOUNT_INC_ZERO", "WARNING: refcount bug in crash_refcount_inc_zero", "refcount-warning"],
  ["crash SLEEP_IN_ATOMIC", "BUG: scheduling while atomic in crash_sleep_in_atomic", "atomic-sleep"],
] as const;

vmTest("what a kernel survives is found by name, one after the other", crashing, async ({ vm }) => {
  const findings = [];
  for (const [command] of survived) findings.push(await reportOf(vm, command, /./));
  expect(findings.map(({ title, type }) => [title, type])).toEqual(survived.map(([, title, type]) => [title, type]));
  expect(findings).toEqual(findings.map(() => expect.objectContaining({ os: "linux", corrupted: false })));
  for (const seconds of await foundAfter(vm, findings)) expect(seconds).toBeLessThan(1);
});

for (const { command, title } of [
  { command: "echo c >/proc/sysrq-trigger", title: "kernel panic: sysrq triggered crash" },
  { command: "crash CORRUPT_STACK", title: "kernel panic: stack is corrupted in crash_corrupt_stack" },
]) {
  vmTest(`a panic is found, and is one crash with its event: ${command}`, crashing, async ({ vm }) => {
    const finding = await reportOf(vm, command, /^kernel panic/);
    expect(finding).toMatchObject({ title, type: "dos", os: "linux", isFinal: true });
    // The panic device stops the guest in the middle of its report.
    expect(await vm.power.next("crash")).toMatchObject({ cause: "pvpanic" });
    for (const seconds of await foundAfter(vm, [finding])) expect(seconds).toBeLessThan(1);
  });
}

vmTest("a hung task is found when the kernel says so, though it never ends", crashing, async ({ vm }) => {
  const finding = await reportOf(vm, "crash HUNG_TASK", /task hung/);
  expect(finding).toMatchObject({ title: "INFO: task hung in crash_hung_task", type: "hang", os: "linux" });
  expect(finding.report).toMatch(/task:crash .*state:D/);
  for (const seconds of await foundAfter(vm, [finding])) expect(seconds).toBeLessThan(1);
});

vmTest("a soft lockup is found while the CPU is stuck", crashing, async ({ vm }) => {
  const finding = await reportOf(vm, "crash SOFTLOCKUP", /lockup/);
  expect(finding).toMatchObject({ title: "BUG: soft lockup in direct_write", type: "hang", os: "linux" });
  expect(finding.report).toContain("crash_softlockup+0x");
  for (const seconds of await foundAfter(vm, [finding])) expect(seconds).toBeLessThan(1);
});

vmTest(
  "an RCU stall is named for the task that stalls, whichever CPU reports it",
  { ...crashing, machine: { processors: { count: 2 } } },
  async ({ vm }) => {
    const finding = await reportOf(vm, "crash RCU_STALL", /stall/);
    const title = expect.stringMatching(/^INFO: rcu detected stall in /);
    expect(finding).toMatchObject({ title, type: "hang", os: "linux" });
    for (const seconds of await foundAfter(vm, [finding])) expect(seconds).toBeLessThan(1);
  },
);

vmTest("a warning need not fail a test", { ...crashing, oracle: { warnings: "report" } }, async ({ vm, guest }) => {
  await vm.console().expect("petri# ");
  vm.console().sendLine("crash WARNING");
  expect(await guest.echo("goes on")).toBe("goes on");
  expect(await vm.findings.next()).toMatchObject({ title: "WARNING in crash_warning", severity: "warning" });
});

vmTest.fails("a warning that nobody expects fails a test", crashing, async ({ vm, guest }) => {
  await vm.console().expect("petri# ");
  vm.console().sendLine("crash WARNING");
  await guest.echo("goes on");
});

vmTest(
  "Debian's initramfs without its root file system ends in an emergency shell",
  {
    ...crashing,
    machine: { boot: { kind: "kernel", cmdline: "console=ttyS0 rdinit=/usr/share/initramfs-tools/init" } },
  },
  async ({ vm }) => {
    const finding = await vm.findings.next(/emergency/);
    expect(finding).toMatchObject({ title: "initramfs emergency shell", type: "emergency", os: "init", isFinal: true });
    expect(vm.console().text()).toContain("No root device specified.");
    for (const seconds of await foundAfter(vm, [finding])) expect(seconds).toBeLessThan(1);
  },
);
