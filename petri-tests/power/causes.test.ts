import {
  causeRow,
  type causeTable,
  type EvidenceSource,
  evidenceSources,
  expectedVerdict,
  type VirtualMachine,
} from "petri-vm";
import { describe, expect, matrix, vmTest } from "petri-vm/test";

type Cause = (typeof causeTable)[number]["cause"];

const ready = /^petri-guest ready/;
const anyBoot = matrix({ image: "petri-guest" });
const onQemu = { vmm: "qemu", image: "petri-guest" } as const;

/** What a guest is told to do, for each cause that petri-guest can be. */
const ways: Partial<Record<Cause, (vm: VirtualMachine) => Promise<void>>> = {
  "keyboard-controller": ({ guest }) => guest.reset("keyboard"),
  port92: ({ guest }) => guest.reset("port92"),
  cf9: ({ guest }) => guest.reset("cf9"),
  "acpi-reset": ({ guest }) => guest.reset("acpi"),
  "firmware-reset": ({ guest }) => guest.reset("efi"),
  "triple-fault": (vm) => typed(vm, "triple-fault"),
  pvpanic: (vm) => typed(vm, "panic"),
  i6300esb: ({ guest }) => guest.hang({ watchdog: "1s" }),
  "acpi-s5": ({ guest }) => guest.shutdown(),
};

async function typed(vm: VirtualMachine, command: string) {
  await vm.guest.ready();
  vm.console().sendLine(command);
}

/**
 * Makes the guest do it, and gives the next event, which is awaited before it can happen: so no crash is unexpected. The
 * guest has booted again by then if that is the event's action.
 */
async function cause(vm: VirtualMachine, what: Cause) {
  const next = vm.power.next();
  await ways[what]?.(vm);
  const event = await next;
  if (event.action === "reset") await expect(vm.console()).toPrint(ready, { after: event });
  return event;
}

const rowOf = (vm: VirtualMachine, what: Cause) => causeRow(vm.plan.vmm, vm.plan.accelerator, what);

for (const [what, on, machine] of [
  ["keyboard-controller", anyBoot, {}],
  ["port92", anyBoot, {}],
  ["cf9", anyBoot, {}],
  ["acpi-reset", matrix({ ...onQemu, boot: ["kernel", "pcat"] }), { chipset: "q35" }],
  ["acpi-reset", matrix({ ...onQemu, boot: "uefi" }), {}],
  ["firmware-reset", matrix({ ...onQemu, boot: "uefi" }), {}],
  ["pvpanic", matrix({ ...onQemu }), {}],
] as const) {
  vmTest(`${what} is told from every other cause`, { on, machine }, async ({ vm }) => {
    const event = await cause(vm, what);
    expect(event).toMatchObject({
      ...expectedVerdict(rowOf(vm, what)),
      action: rowOf(vm, what).kind === "crash" ? "halt" : "reset",
    });
    expect(vm.power.events).toEqual([event]);
  });
}

const several = { on: matrix({ ...onQemu, boot: "kernel" }), machine: { processors: { count: 2 } } };

vmTest("of two processors the one that asked for a reset, or faulted, is found", several, async ({ boot }) => {
  const vm = await boot({ machine: { power: { crash: "reset" } } });
  for (const what of ["cf9", "triple-fault", "port92", "triple-fault", "keyboard-controller", "cf9"] as const) {
    expect(await cause(vm, what)).toMatchObject(expectedVerdict(rowOf(vm, what)) ?? {});
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
        const { kind, cause: by, confidence } = await cause(vm, what);
        told.push({ what, kind, cause: by, confidence });
      }
      expect(told).toEqual(acted.map((what) => ({ what, ...expectedVerdict(rowOf(vm, what), [source]) })));
      expect(vm.power.events).toHaveLength(acted.length);
    });
  }
});

vmTest("a second watchdog that the user added leaves open which one expired", q35, async ({ boot }) => {
  const vm = await boot({ machine: { vmmOptions: { qemu: ["-device", "ib700"] } } });
  await vm.guest.hang({ watchdog: "1s" });
  const event = await vm.power.next("watchdog");
  expect(event).toMatchObject({ cause: "unknown", action: "reset", evidence: [expect.stringContaining('"WATCHDOG"')] });
});
