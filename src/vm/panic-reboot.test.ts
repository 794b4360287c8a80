import { expect, test, vi } from "vitest";
import { crashOf, setUp } from "./test/scripted-vmm.ts";

const panicked = "[    3.1] Kernel panic - not syncing: sysrq triggered crash\n";

test("the reset of a kernel that has panicked is the crash: its action applies, and what the console said is evidence", async () => {
  const { vm, event, print } = setUp({ crash: "halt", reset: "reset" });
  await vm.resume();
  vm.expectCrash(/sysrq/);
  print(panicked);
  event("reset", panicked.length, "keyboard-controller");
  expect(await vm.power.next("crash")).toMatchObject({
    ...{ cause: "kernel-panic", action: "halt", confidence: "inferred" },
    evidence: [
      "com1: kernel panic: sysrq triggered crash",
      "then the kernel restarted the machine (keyboard-controller)",
    ],
  });
  expect(vm.state).toBe("halted");
  expect(vm.loose()).toEqual([]);
});

test("whoever awaits the crash has asked for the panic, too, though it is complete only at the reset", async () => {
  const { vm, event, print } = setUp();
  await vm.resume();
  const crash = vm.power.next("crash");
  print(panicked);
  event("crash", panicked.length, "triple-fault");
  expect(await crash).toMatchObject({ cause: "kernel-panic" });
  expect(await crashOf(vm)).toBeUndefined();
  expect(vm.findings.all()).toHaveLength(1);
});

test("a panic explains the resets of its own boot only, and none where consoles are no evidence", async () => {
  const { vm, event, print, calls } = setUp({ crash: "reset" });
  await vm.resume();
  vm.expectCrash();
  print(panicked);
  event("reset", panicked.length);
  await vi.waitFor(() => expect(calls).toContain("reset"));
  event("reset", panicked.length);
  expect(vm.power.events.map(({ kind }) => kind)).toEqual(["crash", "reset"]);

  const blind = setUp({}, undefined, undefined, true);
  await blind.vm.resume();
  blind.vm.expectCrash();
  blind.print(panicked);
  blind.event("reset", panicked.length);
  expect(blind.vm.power.events.map(({ kind }) => kind)).toEqual(["reset"]);
});

test("a panic that nobody expects fails the VM by its report, and the reset is a crash all the same", async () => {
  const { vm, event, print } = setUp();
  await vm.resume();
  print(panicked);
  event("reset", panicked.length);
  expect((await vm.crashed).message).toMatch(/^the guest crashed, and nobody expected it: kernel panic: sysrq/);
  expect(vm.power.events).toMatchObject([{ kind: "crash", cause: "kernel-panic" }]);
});

test("what ends by a watchdog, or by the panic device, is that, panic or not", async () => {
  for (const [kind, cause] of [
    ["watchdog", "ib700"],
    ["crash", "pvpanic"],
  ] as const) {
    const { vm, event, print } = setUp();
    await vm.resume();
    vm.expectCrash();
    print(panicked);
    event(kind, panicked.length, cause);
    expect(vm.power.events).toMatchObject([{ kind, cause }]);
  }
});

test("a halted guest goes on where the VMM can, and its consoles and journal with it", async () => {
  const { vm, event, print, calls } = setUp({ watchdog: "halt" });
  await vm.resume();
  await expect(vm.resumeFromHalt()).rejects.toThrow(
    "the guest is running, not halted: there is nothing to resume from",
  );
  event("watchdog");
  await vm.power.next("watchdog");
  await expect(vm.resume()).rejects.toThrow("use resumeFromHalt() where it can go on, or reset()");
  await vm.resumeFromHalt();
  expect({ state: vm.state, calls }).toEqual({ state: "running", calls: ["resume", "resume"] });
  const [more, off] = [vm.console().expect("on and on"), vm.power.next("shutdown")];
  const found = vm.findings.next(/sysrq/);
  print(`on and on\n${panicked}`);
  expect((await more).text).toBe("on and on");
  expect((await found).title).toBe("kernel panic: sysrq triggered crash");
  event("shutdown");
  expect((await off).index).toBe(1);
});

test("a guest that cannot go on says why, and can be reset", async () => {
  const { vm, event, calls } = setUp({ reset: "halt" });
  await vm.resume();
  event("reset");
  await vm.power.next("reset");
  await expect(vm.resumeFromHalt()).rejects.toThrow("the guest cannot go on: it was reset; use reset()");
  expect(vm.state).toBe("halted");
  await vm.reset();
  expect({ state: vm.state, calls }).toEqual({ state: "running", calls: ["resume", "reset"] });
});
