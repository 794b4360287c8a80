import { copyFileSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, matrix, type VmFixtures, vmTest } from "petri-vm/test";
import { afterAll } from "vitest";

const dir = mkdtempSync(join(tmpdir(), "petri-never-reboots-"));
afterAll(() => rmSync(dir, { recursive: true }));
const disk = join(dir, "petri-guest.img");
copyFileSync(join(import.meta.dirname, "../../../fixtures/petri-guest/built/petri-guest.img"), disk);

const qemu = { vmm: "qemu", boot: "pcat" } as const;
const ownImage = { disk, format: "raw", driver: "petri-guest", ready: /^petri-guest ready/m } as const;

/** The second test of the design, word for word but for the time. */
async function resetsHungGuest({ vm, guest }: Pick<VmFixtures, "vm" | "guest">): Promise<void> {
  await guest.hang({ watchdog: "1s" });
  const event = await vm.power.next("watchdog");
  expect(event.action).toBe("reset");
  await expect(vm.console("com1")).toPrint("petri-guest ready", { after: event });
}

const halts = { watchdog: "any", power: { watchdog: "halt" } } as const;
vmTest("halts instead", { on: matrix(qemu), machine: halts }, resetsHungGuest);

vmTest("halts, and nobody asks how", { on: matrix(qemu), machine: halts }, async ({ vm, guest }) => {
  await guest.hang({ watchdog: "1s" });
  const event = await vm.power.next("watchdog");
  await expect(vm.console("com1")).toPrint("petri-guest ready", { after: event });
});

const once = { on: matrix({ ...qemu, image: ownImage }), machine: { watchdog: "any" } } as const;
vmTest("boots from its disk", once, resetsHungGuest);

vmTest("loses its disk, and never boots again", { ...once, timeout: "5s" }, async ({ vm, guest }) => {
  await guest.ready();
  truncateSync(disk, 0);
  truncateSync(disk, 1024 * 1024);
  await resetsHungGuest({ vm, guest });
});
