import { expect, test, vi } from "vitest";
import { GuestCrash, HostError, NoProgress, VmmError } from "../machine/errors.ts";
import { readTrace } from "../trace/reader.ts";
import { crashOf, setUp } from "./test/scripted-vmm.ts";

test("a reset by the test stops the guest first, and only what comes after counts as the next boot", async () => {
  const { vm, consoles, calls } = setUp();
  await vm.resume();
  consoles.advance("com1", 100);
  expect(vm.bootOffset()).toBe(0);
  await vm.reset();
  expect(calls).toEqual(["resume", "pause", "reset"]);
  expect(vm.bootOffset()).toBe(100);
});

test("of resets at once each stops the boot before it, so no earlier boot's output counts as the last one's", async () => {
  const { vm, running, consoles, calls } = setUp();
  await vm.resume();
  let printed = 100;
  consoles.advance("com1", printed);
  running.reset = async () => {
    calls.push("reset");
    printed += 100;
    consoles.advance("com1", printed);
  };
  await Promise.all([vm.reset(), vm.reset()]);
  expect(calls).toEqual(["resume", "pause", "reset", "pause", "reset"]);
  expect(vm.bootOffset()).toBe(200);
});

test("whoever hears of a reset sees the next boot's offset already", async () => {
  const { vm, consoles, event, calls } = setUp();
  await vm.resume();
  consoles.advance("com1", 100);
  const reset = vm.power.next("reset").then(() => vm.bootOffset());
  event("reset", 100);
  expect(await reset).toBe(100);
  await vi.waitFor(() => expect(calls).toEqual(["resume", "reset"]));
});

test("a VM that is ended while its guest resets has not failed", async () => {
  const { vm, running, event } = setUp();
  await vm.resume();
  let die: (error: Error) => void = () => {};
  running.reset = () =>
    new Promise((_, reject) => {
      die = reject;
    });
  event("reset");
  await vi.waitFor(() => expect(vm.state).toBe("running"));
  await Promise.resolve();
  const quit = vm.quit();
  die(new VmmError("the VMM ended by SIGKILL"));
  await quit;
  expect(await crashOf(vm)).toBeUndefined();
});

test("a reset that the VMM cannot carry out fails the VM", async () => {
  const { vm, running, event } = setUp();
  await vm.resume();
  running.reset = () => Promise.reject(new VmmError("system_reset was refused"));
  event("reset");
  expect(await vm.crashed).toMatchObject({ message: "system_reset was refused" });
  await expect(vm.pause()).rejects.toThrow("system_reset was refused");
});

test("a trace that cannot be written fails the VM with the reason, and the VMM still ends", async () => {
  const { vm, trace, event, calls } = setUp();
  const full = new HostError("the disk is full");
  Object.assign(trace, {
    append: () => {
      throw full;
    },
  });
  event("shutdown");
  expect(await vm.crashed).toBe(full);
  await vm.quit();
  expect(calls).toEqual(["quit", "release"]);
});

test("a crash that nobody expects fails the VM, even where its action is exit", async () => {
  const { vm, event } = setUp({ crash: "exit:3" });
  event("crash", 0, "triple-fault");
  expect((await vm.crashed).message).toMatch(/^the guest crashed, and nobody expected it: .*triple-fault/);
  expect(await vm.exited).toMatchObject({ code: 3 });
});

test("a crash that was asked for, or that somebody waits for, does not", async () => {
  const { vm, event } = setUp({ crash: "reset" });
  vm.expectCrash("triple-fault");
  event("crash", 0, "triple-fault");
  const next = vm.power.find("crash");
  await next;
  const second = vm.power.next("crash");
  event("crash", 0, "pvpanic");
  await second;
  expect(await crashOf(vm)).toBeUndefined();
  expect(vm.loose()).toEqual([]);
});

test("an exit action ends the VM once, though it is being ended already", async () => {
  const { vm, event, calls } = setUp({ shutdown: "exit:7" });
  const quit = vm.quit();
  event("shutdown");
  await quit;
  await vm.quit();
  expect(calls).toEqual(["quit", "release"]);
  expect(vm.state).toBe("ended");
});

test("the VMM's end stands in the trace", async () => {
  const { vm } = setUp();
  await vm.quit();
  const whats: string[] = [];
  for await (const event of (await readTrace(vm.traceDir)).events()) if (event.kind === "vm") whats.push(event.what);
  expect(whats).toEqual(["quit", "ended"]);
});

test("a listener that fails poisons its console instead of ending the process", async () => {
  const { vm, consoles } = setUp();
  vm.onBytes("com1", () => Promise.reject(new Error("the pipe is closed")));
  consoles.advance("com1", 10);
  await expect(vm.console().expect("y")).rejects.toThrow("the pipe is closed");
});

test("every kind of loose end is named: waits of each sort, and events nobody looked at", async () => {
  const { vm, event } = setUp();
  await vm.resume();
  void vm.console().expect("never said");
  void vm.power.find("shutdown");
  event("reset");
  const reset = await vm.power.next("reset");
  expect(vm.loose()).toEqual([
    expect.stringMatching(/^never awaited: com1: expect\("never said"\)/),
    expect.stringMatching(/^never awaited: power\.find\("shutdown"\)/),
  ]);
  event("watchdog");
  expect(reset.kind).toBe("reset");
  expect(vm.loose()).toContainEqual(expect.stringMatching(/^nobody looked at: .*watchdog/));
});

test("a VMM that cannot go on fails the VM, whoever waits for what", async () => {
  const { vm, event } = setUp();
  await vm.resume();
  event("vmm-error");
  expect(await crashOf(vm)).toBeInstanceOf(VmmError);
  await expect(vm.console().expect("more")).rejects.toThrow(/the VM cannot go on/);
});

const panic = [
  "[   12.000000] Kernel panic - not syncing: sysrq triggered crash",
  "[   12.000100] Call Trace:",
  "[   12.000200]  panic+0x101/0x2e3",
  "[   12.000300] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---\r\n",
].join("\r\n");
const oops = "BUG: kernel NULL pointer dereference, address: 0000000000000010\nRIP: 0010:demo_null+0x5/0x10\n";
const warning = "WARNING: CPU: 0 PID: 231 at drivers/demo.c:117 demo_warn+0x18/0x20\nRIP: 0010:demo_warn+0x18/0x20\n";

test("a report that nobody expects fails the VM the moment it is complete, and every wait with it", async () => {
  const { vm, print } = setUp();
  const [text, event, report] = [vm.console().expect("never"), vm.power.next(), vm.findings.next("never")];
  const started = performance.now();
  print(`hello\n${panic}`);
  const error = await vm.crashed;
  expect(performance.now() - started).toBeLessThan(400);
  for (const wait of [text, event, report]) await expect(wait).rejects.toBe(error);
  expect(error).toMatchObject({ name: "GuestCrash", exitCode: 3 });
  expect(error.message.replaceAll(vm.traceDir, "TRACE")).toMatchInlineSnapshot(`
    "the guest crashed, and nobody expected it: kernel panic: sysrq triggered crash
      linux, dos, on com1 at byte 6
      | [   12.000000] Kernel panic - not syncing: sysrq triggered crash
      | [   12.000100] Call Trace:
      | [   12.000200]  panic+0x101/0x2e3
      | [   12.000300] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---
    last lines of com1:
      | hello
      | [   12.000000] Kernel panic - not syncing: sysrq triggered crash
      | [   12.000100] Call Trace:
      | [   12.000200]  panic+0x101/0x2e3
      | [   12.000300] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---
    command: qemu
    trace: TRACE
    allow it with vm.expectCrash(/kernel panic: sysrq triggered crash/) if the test means it"
  `);
});

test("a report whose end does not come counts after half a second", async () => {
  const { vm, print } = setUp();
  const started = performance.now();
  print(oops);
  expect((await vm.crashed).message).toContain(
    "nobody expected it: BUG: unable to handle kernel NULL pointer dereference in demo_null",
  );
  expect(performance.now() - started).toBeGreaterThan(450);
});

test("a report that is open when the VM ends counts at once", async () => {
  const { vm, print } = setUp();
  print(oops);
  await vm.quit();
  expect((await crashOf(vm))?.message).toContain("in demo_null");
});

test("a prompt without a line end is found when the guest waits behind it", async () => {
  const { vm, print } = setUp();
  print("grub rescue> ");
  expect((await vm.crashed).message).toContain("GRUB rescue shell");
});

test("a crash that was asked for by its title covers its event and the reset at its end", async () => {
  const { vm, print, event, calls } = setUp({ crash: "reset" });
  await vm.resume();
  vm.expectCrash(/sysrq triggered/);
  print(panic);
  event("crash", 0, "pvpanic");
  event("reset");
  expect(vm.findings.all()).toHaveLength(1);
  expect(await crashOf(vm)).toBeUndefined();
  expect(vm.loose()).toEqual([]);
  await vi.waitFor(() => expect(calls).toContain("reset"));
  event("reset");
  expect(vm.loose()).toEqual([expect.stringContaining("the guest reset")]);
});

test("the event may come before the report is complete: its title still decides", async () => {
  const asked = setUp();
  asked.vm.expectCrash(/demo_null/);
  asked.print(oops);
  asked.event("crash", 0, "pvpanic");
  expect(await crashOf(asked.vm)).toBeUndefined();
  expect(asked.vm.loose()).toEqual([]);
  const other = setUp();
  other.vm.expectCrash(/demo_other/);
  other.print(oops);
  other.event("crash", 0, "pvpanic");
  expect((await other.vm.crashed).message).toContain("demo_null");
});

test("a second crash after one that was allowed fails the VM", async () => {
  const { vm, print, event } = setUp({ crash: "reset" });
  await vm.resume();
  vm.expectCrash(/sysrq/);
  print(panic);
  event("crash", 0, "pvpanic");
  await vi.waitFor(() => expect(vm.state).toBe("running"));
  await new Promise((resolve) => setImmediate(resolve));
  print(panic);
  expect((await vm.crashed).message).toContain("sysrq triggered crash");
});

test("a finding that is awaited is allowed, and findings have a cursor", async () => {
  const { vm, print } = setUp();
  const first = vm.findings.next(/^kernel panic/);
  print(panic);
  expect(await first).toMatchObject({ console: "com1", offset: 0, title: "kernel panic: sysrq triggered crash" });
  expect(await crashOf(vm)).toBeUndefined();
  await expect(vm.findings.next(undefined, { timeout: 10 })).rejects.toThrow("found so far:\n  com1: kernel panic");
});

test("warnings and crashes follow the policy", async () => {
  const ignored = setUp({}, { warnings: "ignore" });
  ignored.print(warning);
  await ignored.vm.quit();
  expect(ignored.vm.findings.all()).toEqual([]);
  const reported = setUp({}, { warnings: "report", crashes: "report" });
  reported.vm.expectCrash(/demo_null/);
  reported.print(`${warning}\n${oops}`);
  await reported.vm.quit();
  expect(reported.vm.findings.all().map(({ title }) => title)).toEqual([
    "WARNING in demo_warn",
    "BUG: unable to handle kernel NULL pointer dereference in demo_null",
  ]);
  expect(await crashOf(reported.vm)).toBeUndefined();
  expect(reported.vm.loose()).toEqual([]);
  const failing = setUp();
  failing.print(warning);
  expect((await failing.vm.crashed).message).toMatch(/^the guest printed a warning.*WARNING in demo_warn/);
  const off = setUp({}, { enabled: false });
  off.print(panic);
  await off.vm.quit();
  expect(off.vm.findings.all()).toEqual([]);
});

test("a kernel that boots again after a reset that was seen is no crash; one that nobody reset is", async () => {
  const boot = "[    0.000000] Linux version 6.12.0 (build@demo) #1 SMP\n[    5.000000] random: crng init done\n";
  const { vm, print, event } = setUp();
  await vm.resume();
  print(boot);
  event("reset");
  await vi.waitFor(() => expect(vm.state).toBe("running"));
  await new Promise((resolve) => setImmediate(resolve));
  print(boot);
  expect(await crashOf(vm)).toBeUndefined();
  print(boot);
  expect((await vm.crashed).message).toContain("unexpected kernel reboot");
});

test("a warning that ends in a panic is a crash, whatever is said of warnings", async () => {
  const { vm, print } = setUp({}, { warnings: "ignore" });
  print(`${warning}${panic}`);
  expect((await vm.crashed).message).toContain("the guest crashed, and nobody expected it: WARNING in demo_warn");
});

test("a vmlinux that helps nothing is a note in the report, and no other error", async () => {
  const { vm, print } = setUp({}, {}, "/nowhere/vmlinux");
  print(panic);
  expect((await vm.crashed).message).toMatch(/^ {2}the report has no source lines: ENOENT/m);
});

test("findings stand in the trace with their verdict", async () => {
  const { vm, print } = setUp({}, { warnings: "report" });
  print(warning);
  await vi.waitFor(() => expect(vm.findings.all()).toHaveLength(1));
  print(panic);
  await vm.crashed;
  await vm.quit();
  const found: unknown[] = [];
  for await (const event of (await readTrace(vm.traceDir)).events()) if (event.kind === "finding") found.push(event);
  expect(found).toMatchObject([
    { console: "com1", title: "WARNING in demo_warn", verdict: "reported", offset: 0, severity: "warning" },
    { type: "dos", os: "linux", verdict: "unexpected", length: panic.length - 1, corrupted: false },
  ]);
});

test("an unexpected crash leaves the registers in the record, before the VM is reset or ended", async () => {
  const { vm, running, event, calls, trace } = setUp({ crash: "reset" });
  let answer: (text: string) => void = () => {};
  running.facets.registers = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  event("crash", 0, "triple-fault");
  expect(await vm.crashed).toBeInstanceOf(GuestCrash);
  const quitting = vm.quit();
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toEqual([]);
  answer("CPU#0\nRIP=1");
  await quitting;
  expect(calls).toEqual(["quit", "release"]);
  const notes = [];
  for await (const each of (await readTrace(trace.dir)).events()) if (each.kind === "note") notes.push(each.text);
  expect(notes).toEqual(["registers of every vCPU:\nCPU#0\nRIP=1"]);
});

test("a crash that was expected costs no look at the registers", async () => {
  const { vm, running, event } = setUp();
  const registers = vi.fn(async () => "");
  running.facets.registers = registers;
  vm.expectCrash("triple-fault");
  event("crash", 0, "triple-fault");
  await vm.quit();
  expect(registers).not.toHaveBeenCalled();
});

test("a boot loop fails the VM while somebody waits, unless resets are allowed", async () => {
  const { vm, event } = setUp();
  const login = vm
    .console()
    .expect("login:")
    .then(() => "came", String);
  for (let restart = 0; restart <= 10; restart++) event("reset");
  expect(await login).toMatch(/^NoProgress: the guest is in a boot loop: 11 restarts in .* com1: expect\("login:"\)/);
  expect(vm.failure).toBeInstanceOf(NoProgress);

  const other = setUp();
  other.vm.power.allow("reset");
  const wait = other.vm
    .console()
    .expect("login:", { timeout: 50 })
    .then(() => "came", String);
  for (let restart = 0; restart <= 20; restart++) other.event("reset");
  expect(await wait).toMatch(/^TimeoutError/);
});

test("a VM that does not run cannot be shut down", async () => {
  const { vm } = setUp();
  await expect(vm.shutdown()).rejects.toThrow("the VM is paused: it cannot shut down");
});
