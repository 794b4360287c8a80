import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boot, resolveImage } from "petri-vm";
import { type Cell, expect, matrix, vmTest } from "petri-vm/test";
import { patiently } from "../patience.ts";

const on = matrix({ boot: "kernel", image: "petri-guest" });
const slow = patiently(on);
/** Firmware and emulation take their time on a busy host; what is tested begins once the guest is ready. */
const timeout = "90s";

/** `EIP=0010017c` of QEMU, `eip=0x10017c` of petri-v86; OpenVMM has none to tell. */
const programCounter = ({ vmm }: Cell) =>
  vmm === "openvmm" ? /^this VMM tells no registers$/m : /[ER]IP=[0-9a-f]{8}|eip=0x[0-9a-f]+/;

// Booted by the library: a VM of the test's own would fail it.
const guestOn = async ({ vmm }: Cell, progressWithin: string) =>
  boot({
    ...{ image: await resolveImage("petri-guest", "kernel"), machine: { memory: { size: "64M" as const } } },
    ...{ placement: { vmm }, traceDir: join(mkdtempSync(join(tmpdir(), "petri-hang-")), "trace"), progressWithin },
  });

vmTest("a guest that hangs in a loop is found, with its registers", { on, timeout }, async ({ cell }) => {
  await using vm = await guestOn(cell, "3s");
  await vm.guest.hang({ how: "busy" });
  const [end] = await Promise.allSettled([vm.console().expect("never")]);
  expect(end).toMatchObject({ status: "rejected", reason: { name: "NoProgress", exitCode: 124 } });
  const { message } = await vm.crashed;
  expect(message).toMatch(/^the guest made no progress for 3 s while somebody waited for com1: expect\("never"\)\n/);
  expect(message).toMatch(programCounter(cell));
  expect(message).toMatch(/\nin phase ready for \d/);
  expect(message).toContain(`trace: ${vm.traceDir}`);
  if (cell.vmm === "openvmm") return;
  const events = readFileSync(join(vm.traceDir, "events.jsonl"), "utf8");
  expect(events).toMatch(/"kind":"note","text":"registers of every vCPU:\\n/);
});

vmTest("a guest that prints for ever makes no progress by that", { on: slow, timeout }, async ({ cell }) => {
  await using vm = await guestOn(cell, "3s");
  await vm.guest.ready();
  vm.console().sendLine(`flood ${2 ** 31} 1`);
  await expect(vm.console().expect("never printed by a flood")).rejects.toThrow(programCounter(cell));
  expect(vm.console().text().length).toBeGreaterThan(20_000);
});

vmTest("a guest that gets on is left alone", { on: slow, timeout }, async ({ cell }) => {
  await using vm = await guestOn(cell, "3s");
  const end = performance.now() + 5000;
  while (performance.now() < end) expect(await vm.guest.echo("still here")).toBe("still here");
});

vmTest(
  "time in which nobody waits, or the guest is paused, does not count",
  { on: slow, timeout },
  async ({ cell }) => {
    await using vm = await guestOn(cell, "3s");
    await vm.guest.ready();
    // The test itself computes.
    const until = performance.now() + 4000;
    while (performance.now() < until);
    expect(await vm.guest.echo("alive")).toBe("alive");
    await vm.pause();
    await expect(vm.console().expect("never", { timeout: 4000 })).rejects.toThrow(/did not come/);
    await vm.resume();
    expect(await vm.guest.echo("alive")).toBe("alive");
  },
);
