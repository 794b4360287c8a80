import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, matrix, vmTest } from "petri-vm/test";
import { afterAll, beforeAll } from "vitest";
import { foundAfter } from "./found-after.ts";

const rescue = [
  ...matrix({ vmm: "qemu", boot: ["pcat", "uefi"], image: "grub-rescue" }),
  ...matrix({ vmm: "v86", boot: "pcat", image: "grub-rescue" }),
];

vmTest("GRUB that has lost its partition is found at its prompt", { on: rescue }, async ({ vm }) => {
  // The prompt has no line end, and GRUB waits there for ever.
  const error = await vm.findings.next(/GRUB error/);
  const prompt = await vm.findings.next(/rescue/);
  expect(error).toMatchObject({ title: "GRUB error: no such partition", type: "no-boot", os: "grub" });
  expect(prompt).toMatchObject({ title: "GRUB rescue shell", type: "no-boot", os: "grub", isFinal: true });
  for (const seconds of await foundAfter(vm, [error, prompt])) expect(seconds).toBeLessThan(1);
});

const bare = { on: matrix({ vmm: "qemu", boot: "kernel", image: "petri-guest" }), timeout: "90s" };
let folder: string;
let blank: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "petri-blank-"));
  blank = join(folder, "blank.img");
  await writeFile(blank, "");
  await truncate(blank, 2 ** 20);
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

/** SeaBIOS speaks on COM1 where the machine has no display. */
const withoutGraphics = { memory: { size: "128M" }, vmmOptions: { qemu: ["-machine", "graphics=off"] } };

vmTest("SeaBIOS says that nothing is bootable", bare, async ({ boot }) => {
  const vm = await boot({
    image: null,
    machine: { boot: { kind: "pcat" }, disks: [{ file: blank, format: "raw", bus: "ide" }], ...withoutGraphics },
  });
  const finding = await vm.findings.next();
  expect(finding).toMatchObject({ title: "no bootable device", type: "no-boot", os: "seabios" });
  for (const seconds of await foundAfter(vm, [finding])) expect(seconds).toBeLessThan(1);
});

vmTest("OVMF falls back to its shell, and dies there of an exception", bare, async ({ boot }) => {
  const vm = await boot({
    image: null,
    machine: { memory: { size: "128M" }, boot: { kind: "uefi" }, disks: [{ file: blank, format: "raw" }] },
  });
  const noBoot = await vm.findings.next();
  expect(noBoot).toMatchObject({ title: "no bootable device", type: "no-boot", os: "uefi" });
  await vm.console().expect("Press ESC");
  vm.console().send("\u001b");
  await vm.console().expect("Shell> ");
  const report = vm.findings.next(/exception/);
  // Not an address that x86-64 can have: reading there is a general protection fault.
  vm.console().sendLine("mm ffff000000000000 -n");
  const exception = await report;
  expect(exception).toMatchObject({ title: "UEFI exception: #GP - General Protection", type: "exception", os: "uefi" });
  expect(exception.report).toMatch(/RIP {2}- [0-9A-F]{16}/);
  for (const seconds of await foundAfter(vm, [noBoot, exception])) expect(seconds).toBeLessThan(1);
});
