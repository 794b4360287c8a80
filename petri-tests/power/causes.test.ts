import { causeRow, type EvidenceSource, evidenceSources, expectedVerdict, type VirtualMachine } from "petri-vm";
import { describe, expect, matrix, vmTest } from "petri-vm/test";
import { type Cause, cause } from "./ways.ts";

const ready = /^petri-guest ready/;
const onQemu = { vmm: "qemu", image: "petri-guest" } as const;

/** Causes it, and waits until the guest has booted again if that is the event's action. */
async function causeAndBoot(vm: VirtualMachine, what: Cause) {
  const event = await cause(vm, what);
  if (event.action === "reset") await expect(vm.console()).toPrint(ready, { after: event });
  return event;
}

const rowOf = (vm: VirtualMachine, what: Cause) => causeRow(vm.plan.vmm, vm.plan.accelerator, what);

// The other ways to boot, which take a tenth of the time, are in matrix.test.ts.
for (const [what, action] of [
  ["keyboard-controller", "reset"],
  ["port92", "reset"],
  ["cf9", "reset"],
  ["acpi-reset", "reset"],
  ["firmware-reset", "reset"],
  ["triple-fault", "halt"],
  ["pvpanic", "halt"],
  ["acpi-s5", "halt"],
  ["acpi-s4", "halt"],
] as const) {
  vmTest(`under UEFI ${what} is told`, { on: matrix({ ...onQemu, boot: "uefi" }) }, async ({ vm }) => {
    const event = await causeAndBoot(vm, what);
    expect(event).toMatchObject({ ...expectedVerdict(rowOf(vm, what)), action });
    expect(vm.state).toBe(action === "reset" ? "running" : "halted");
    expect(vm.power.events).toEqual([event]);
  });
}

const several = { on: matrix({ ...onQemu, boot: "kernel" }), machine: { processors: { count: 2 } } };

vmTest("of two processors the one that asked for a reset, or faulted, is found", several, async ({ boot }) => {
  const vm = await boot({ machine: { power: { crash: "reset" } } });
  for (const what of ["cf9", "triple-fault", "port92", "triple-fault", "keyboard-controller", "cf9"] as const) {
    expect(await causeAndBoot(vm, what)).toMatchObject(expectedVerdict(rowOf(vm, what)) ?? {});
  }
  expect(vm.power.events).toHaveLength(6);
});

const acted = [
  "keyboard-controller",
  "port92",
  "cf9",
  "acpi-reset",
  "triple-fault",
  "pvpanic",
  "i6300esb",
  "acpi-s5",
] as const;
const q35 = {
  on: matrix({ ...onQemu, boot: "kernel" }),
  machine: { chipset: "q35", watchdog: "i6300esb", power: { crash: "reset", shutdown: "reset" } },
  timeout: "90s",
} as const;

describe("with a source of evidence disabled, what rests on it is inferred or unknown, and nothing else changes", () => {
  for (const source of Object.keys(evidenceSources) as EvidenceSource[]) {
    vmTest(source, q35, async ({ boot }) => {
      const vm = await boot({ withoutEvidence: [source] });
      const told = [];
      for (const what of acted) {
        const { kind, cause: by, confidence } = await causeAndBoot(vm, what);
        told.push({ what, kind, cause: by, confidence });
      }
      expect(told).toEqual(acted.map((what) => ({ what, ...expectedVerdict(rowOf(vm, what), [source]) })));
      expect(vm.power.events).toHaveLength(acted.length);
    });
  }
});

const noDevice = {
  on: matrix({ boot: "kernel", image: "petri-guest" }),
  machine: { watchdog: { heartbeat: "500ms" } },
};

vmTest("a heartbeat that rests on silence is not told without it", noDevice, async ({ boot }) => {
  const vm = await boot({ withoutEvidence: ["silence"] });
  await vm.guest.ready();
  await expect(vm.console()).not.toPrint("never printed", { during: "1s" });
  expect(vm.power.events).toEqual([]);
});

vmTest("without its events v86 tells nothing", { on: matrix({ vmm: "v86", boot: "kernel" }) }, async ({ boot }) => {
  const vm = await boot({ withoutEvidence: ["events"] });
  await vm.guest.shutdown();
  await expect(vm.console()).not.toPrint("never printed", { during: "500ms" });
  expect(vm.power.events).toEqual([]);
});

vmTest("a second watchdog that the user added leaves open which one expired", q35, async ({ boot }) => {
  const vm = await boot({ machine: { vmmOptions: { qemu: ["-device", "ib700"] } } });
  await vm.guest.hang({ watchdog: "1s" });
  const event = await vm.power.next("watchdog");
  expect(event).toMatchObject({ cause: "unknown", action: "reset", evidence: [expect.stringContaining('"WATCHDOG"')] });
});
