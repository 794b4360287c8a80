import type { VirtualMachine } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian-crash" });
const anyBoot = { on: matrix({ vmm: "qemu", boot: ["kernel", "pcat", "uefi"], image: "debian-crash" }) };

/** The machine whose kernel does that in a panic. */
const started = (parameters: string) => ({
  ...{ on },
  machine: { boot: { kind: "kernel" as const, cmdline: `console=ttyS0 tsc=unstable ${parameters}` } },
});

/** The crash is one event, and the machine stands still. */
async function crashedOnce(vm: VirtualMachine, cause: string) {
  expect(await vm.power.next("crash")).toMatchObject({ cause, action: "halt", confidence: "reported" });
  expect(vm.state).toBe("halted");
  expect(vm.power.events).toHaveLength(1);
}

vmTest("a panic is told by the panic device, with what the kernel says of it", anyBoot, async ({ vm, guest }) => {
  await guest.crash("panic");
  await crashedOnce(vm, "pvpanic");
  expect(vm.findings.all()).toMatchObject([
    { title: "kernel panic: sysrq triggered crash", os: "linux", isFinal: true, corrupted: expect.any(Boolean) },
  ]);
});

vmTest("a triple fault of Linux is one, and no reset", anyBoot, async ({ vm, guest }) => {
  await guest.tripleFault();
  await crashedOnce(vm, "triple-fault");
  expect(vm.findings.all()).toEqual([]);
  // It can be started again, and is then as new.
  await vm.reset();
  expect(await guest.echo("again")).toBe("again");
  expect(vm.power.events).toHaveLength(1);
});

for (const parameter of ["panic=0", "panic=5", "panic=-1"]) {
  vmTest(
    `with ${parameter} the panic device is first, and the kernel does no more`,
    started(parameter),
    async ({ vm, guest }) => {
      await guest.crash("panic");
      await crashedOnce(vm, "pvpanic");
    },
  );
}

for (const [how, title, type] of [
  ["oops", "divide error in crash_divide", "dos"],
  [
    "null-pointer",
    "BUG: unable to handle kernel NULL pointer dereference in crash_access_null",
    "null-pointer-dereference",
  ],
  ["bug", "kernel BUG in crash_bug", "bug"],
] as const) {
  vmTest(`Linux survives ${how}: a report, and no event`, { on }, async ({ vm, guest }) => {
    await guest.crash(how);
    expect(await vm.findings.next()).toMatchObject({ title, type, os: "linux", corrupted: false });
    expect(await guest.echo("goes on")).toBe("goes on");
    expect(vm.power.events).toEqual([]);
  });

  vmTest(
    `with oops=panic, ${how} is one crash: its report, its panic, its event`,
    started("oops=panic"),
    async ({ vm, guest }) => {
      await guest.crash(how);
      await crashedOnce(vm, "pvpanic");
      const titles = vm.findings.all().map((finding) => finding.title);
      expect(titles[0]).toBe(title);
    },
  );
}

vmTest("a hung task is reported, and the shell goes on beside it", { on }, async ({ vm, guest }) => {
  await guest.crash("hung-task");
  expect(await vm.findings.next()).toMatchObject({ title: "INFO: task hung in crash_hung_task", type: "hang" });
  expect(await guest.echo("goes on")).toBe("goes on");
  expect(vm.power.events).toEqual([]);
});

vmTest(
  "a soft lockup that shall panic is one crash with its event",
  started("softlockup_panic=1"),
  async ({ vm, guest }) => {
    await guest.crash("soft-lockup");
    await crashedOnce(vm, "pvpanic");
    expect(vm.findings.all()[0]).toMatchObject({ title: expect.stringMatching(/^BUG: soft lockup/), type: "hang" });
  },
);

vmTest("a kernel out of memory kills what takes most, and is well", { on }, async ({ vm, guest }) => {
  await guest.crash("out-of-memory");
  await expect(vm.console()).toPrint(/Out of memory: Killed process \d+ \(tail\)/);
  expect(await guest.echo("goes on")).toBe("goes on");
  expect(vm.findings.all()).toEqual([]);
  expect(vm.power.events).toEqual([]);
});

vmTest("a kernel that shall panic when out of memory does", { on }, async ({ vm, guest }) => {
  const console = vm.console();
  await console.expect("petri# ");
  console.sendLine("echo 2 >/proc/sys/vm/panic_on_oom");
  vm.expectCrash(/^kernel panic: Out of memory/i);
  await guest.crash("out-of-memory");
  await crashedOnce(vm, "pvpanic");
});

vmTest(
  "crash action exit:7 ends the VM with 7",
  { on, machine: { power: { crash: "exit:7" } } },
  async ({ vm, guest }) => {
    await guest.crash("panic");
    await expect(vm).toExit(7);
    expect(vm.power.events).toMatchObject([{ kind: "crash", cause: "pvpanic", action: "exit:7" }]);
  },
);
