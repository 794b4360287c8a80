import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boot, resolveImage, type VmmName } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";
import { onTestFinished } from "vitest";

/** A guest that resets as soon as it is up, again and again. */
async function resetting(vmm: VmmName, options: { restartsAtMost?: number } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "petri-loop-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const image = await resolveImage("petri-guest", "kernel");
  const vm = await boot({ machine: {}, image, placement: { vmm }, traceDir: join(folder, "trace"), ...options });
  onTestFinished(() => vm.quit());
  let text = "";
  vm.onBytes("com1", (bytes) => {
    text += bytes.toString("latin1");
    if (!/petri-guest ready [^\n]*\n/.test(text)) return;
    text = "";
    vm.console().sendLine("reset");
  });
  return vm;
}

// Booted by the library: a VM of the test's own would fail it.
vmTest(
  "a boot loop ends a wait by what it is, long before the wait's time",
  { on: matrix({ vmm: ["qemu", "v86"], boot: "kernel" }), timeout: "60s" },
  async ({ cell }) => {
    const vm = await resetting(cell.vmm, { restartsAtMost: 3 });
    await expect(vm.console().expect("never printed")).rejects.toThrow(
      /^the guest is in a boot loop: 4 restarts in .* and nothing came of com1: expect\("never printed"\)\n {2}4 × reset/,
    );
  },
);

vmTest(
  "restarts that are allowed are counted, and no loop",
  { on: matrix({ boot: "kernel" }) },
  async ({ vm, guest }) => {
    vm.power.allow("reset");
    for (let restart = 1; restart <= 12; restart++) {
      await guest.reset();
      await vm.power.find("reset");
      expect(vm.power.events).toHaveLength(restart);
    }
  },
);
