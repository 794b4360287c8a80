import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, matrix, vmTest } from "petri-vm/test";
import { onTestFinished } from "vitest";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian" });

// Not by `-kernel` with an ELF: QEMU 7.2 loads that anew when it wakes the machine, over the kernel that sleeps.
const onDisk = { on: matrix({ vmm: "qemu", boot: ["pcat", "uefi"], image: "debian" }) };

vmTest("a Linux that sleeps in S3 is woken, and is what it was", onDisk, async ({ vm, guest }) => {
  const console = vm.console();
  await guest.ready();
  await console.expect("petri# ");
  console.sendLine("kept=in-memory");
  await guest.suspend();
  await vm.facet("wake")();
  await expect(console).toPrint(/PM: suspend exit/);
  console.sendLine('echo "kept: $kept"');
  await expect(console).toPrint("kept: in-memory");
  expect(await guest.echo("awake")).toBe("awake");
  expect(vm.power.events).toEqual([]);
});

vmTest("a Linux that hibernates goes on from its disk", { on, vms: 2, timeout: "240s" }, async ({ boot }) => {
  const folder = mkdtempSync(join(tmpdir(), "petri-swap-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "swap.raw");
  writeFileSync(file, "");
  truncateSync(file, 512 * 2 ** 20);
  const cmdline = "console=ttyS0 tsc=unstable resume=/dev/vda";
  const vm = await boot({ machine: { disks: [{ file }], boot: { kind: "kernel", cmdline } } });
  const { guest } = vm;
  const console = vm.console();
  await guest.ready();
  await console.expect("petri# ");
  console.sendLine("mkswap /dev/vda && swapon /dev/vda; kept=in-memory; echo on tmpfs >/tmp/kept; cat /proc/swaps");
  await expect(console).toPrint(/^\/dev\/vda/);

  await guest.hibernate();
  const event = await vm.power.next("hibernate");
  expect(event).toMatchObject({ cause: "acpi-s4", action: "halt", confidence: "reported" });
  expect(vm.state).toBe("halted");

  await vm.reset();
  await expect(console).toPrint(/PM: hibernation: hibernation exit/, { after: event });
  expect(await guest.echo("awake")).toBe("awake");
  await console.expect("petri# ");
  console.sendLine('echo "<$kept, $(cat /tmp/kept)>"');
  await expect(console).toPrint("<in-memory, on tmpfs>");
  // It went on, and did not boot.
  expect(console.text({ start: event.offsets.com1 ?? 0 })).not.toContain("PETRI-READY");
  expect(vm.power.events).toHaveLength(1);
});

vmTest("hibernation without swap is one clear error, and the guest is well", { on }, async ({ vm, guest }) => {
  await expect(guest.hibernate()).rejects.toThrow(
    /^the guest cannot hibernate: it has no swap space; give the machine/,
  );
  expect(await guest.echo("well")).toBe("well");
  expect(vm.power.events).toEqual([]);
});
