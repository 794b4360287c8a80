import { resolveImage } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";

vmTest(
  "petri-guest boots, says how, and obeys",
  { on: matrix({ image: "petri-guest" }) },
  async ({ vm, guest, cell }) => {
    await expect(vm.console()).toPrint(new RegExp(`^petri-guest ready ${cell.boot} \\S+$`));
    const facts = await guest.info();
    expect(facts).toMatchObject({ boot: cell.boot, mode: cell.vmm === "v86" ? "32" : "64" });
    expect(facts.acpi).toBe(cell.vmm === "vmctl" ? "no" : "yes");
    expect(Number(facts.memory)).toBeGreaterThan(32 * 2 ** 20);
    expect(Number(facts.memory)).toBeLessThanOrEqual(vm.machine.memory.size);
    expect(await guest.echo("and says what it is told: äöü 🧫")).toBe("and says what it is told: äöü 🧫");
  },
);

vmTest(
  "the first byte on the console is the guest's first",
  { on: matrix({ boot: "kernel", image: "petri-guest" }) },
  async ({ vm, guest }) => {
    await guest.ready();
    expect(vm.console().text()).toMatch(/^petri-guest ready kernel /);
  },
);

vmTest(
  "every check it makes of its machine passes",
  {
    on: matrix({
      image: "petri-guest",
      except: ({ vmm }) => vmm === "vmctl" && "vmd has no ACPI, whose timer checks the others",
    }),
  },
  async ({ guest, cell }) => {
    const { points, failed } = await guest.tap();
    expect(failed).toEqual([]);
    expect(points.map(({ name }) => name)).toEqual([
      ...["CPUID", "memory map", "memory", "PCI", "ACPI root", "ACPI tables", "ACPI fixed hardware"],
      ...["timer PM", "timer PIT", "timer HPET", "timer TSC"],
    ]);
    expect(points.filter(({ outcome, diagnostics }) => outcome !== "skipped" && diagnostics.length === 0)).toEqual([]);
    const skipped = points.filter(({ outcome }) => outcome === "skipped");
    expect(skipped.map(({ name }) => name)).toEqual(cell.vmm === "v86" ? ["timer HPET"] : []);
  },
);

for (const bus of ["ide", "ahci", "scsi", "nvme", "usb"] as const) {
  vmTest(
    `boots from a disk on ${bus}`,
    { on: matrix({ vmm: "qemu", boot: "pcat", image: "petri-guest" }) },
    async ({ boot }) => {
      const { disk } = await resolveImage("petri-guest", "pcat");
      const vm = await boot({
        image: null,
        machine: { memory: { size: "128M" }, disks: [{ file: disk?.file ?? "", bus }] },
      });
      await expect(vm.console()).toPrint(/^petri-guest ready pcat/);
    },
  );
}

vmTest(
  "microvm boots a kernel when asked",
  { on: matrix({ vmm: "qemu", boot: "kernel", image: "petri-guest" }), machine: { chipset: "microvm" } },
  async ({ guest }) => {
    expect(await guest.info()).toMatchObject({ boot: "kernel", mode: "64" });
  },
);
