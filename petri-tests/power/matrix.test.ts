import { causeRow, causeTable, expectedVerdict, type PowerEvent } from "petri-vm";
import { describe, expect, matrix, type VmTestOptions, vmTest } from "petri-vm/test";
import { test } from "vitest";
import { patiently } from "../patience.ts";
import { type Cause, cause } from "./ways.ts";

const image = "petri-guest";
const boot = ["kernel", "pcat"] as const;
const anywhere = patiently(matrix({ boot, image }));
const onQemu = matrix({ vmm: "qemu", boot, image });
const onV86 = patiently(matrix({ vmm: "v86", boot, image }));
const v86Kernel = onV86.filter(({ boot }) => boot === "kernel");
const byKernel = { boot: "kernel", image } as const;
const q35 = matrix({ ...byKernel, vmm: "qemu" });

interface Cells {
  readonly what: Cause;
  /** Said here as well as in the table of causes, which Petri itself reads. */
  readonly kind: PowerEvent["kind"];
  readonly on: NonNullable<VmTestOptions["on"]>;
  readonly machine?: NonNullable<VmTestOptions["machine"]>;
  /** The VMM ends whatever the action is: there is nothing left to reset. */
  readonly endsVmm?: true;
}

const debugExit = { qemu: ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"] };

// Those that wait for a second or more stand among others, which use the processors meanwhile.
const causes: readonly Cells[] = [
  {
    what: "heartbeat",
    kind: "watchdog",
    on: patiently(matrix(byKernel)),
    machine: { watchdog: { heartbeat: "2s" } },
  },
  { what: "keyboard-controller", kind: "reset", on: anywhere },
  { what: "ib700", kind: "watchdog", on: anywhere, machine: { watchdog: "ib700" } },
  { what: "port92", kind: "reset", on: anywhere },
  { what: "cf9", kind: "reset", on: anywhere },
  { what: "i6300esb", kind: "watchdog", on: onQemu, machine: { watchdog: "i6300esb" } },
  { what: "acpi-reset", kind: "reset", on: q35, machine: { chipset: "q35" } },
  { what: "triple-fault", kind: "crash", on: anywhere },
  { what: "itco", kind: "watchdog", on: q35, machine: { chipset: "q35", watchdog: "itco" } },
  { what: "pvpanic", kind: "crash", on: anywhere },
  // Under a BIOS v86 has neither: S4 and the WDAT stand in petri-v86's own ACPI tables.
  { what: "wdat", kind: "watchdog", on: v86Kernel, machine: { watchdog: "wdat" } },
  { what: "acpi-s4", kind: "hibernate", on: anywhere.filter(({ vmm, boot }) => vmm !== "v86" || boot === "kernel") },
  { what: "acpi-s5", kind: "shutdown", on: anywhere },
  { what: "debug-exit", kind: "shutdown", on: onV86 },
  { what: "debug-exit", kind: "shutdown", on: onQemu, machine: { vmmOptions: debugExit }, endsVmm: true },
];

/** Where no row of the table has the cause, no guest there can bring it about; where nothing tells it, it is another kind. */
function told({ what, kind, on }: Cells): Cells["on"] {
  return on.map((cell) => {
    const row = causeTable.find((each) => each.vmm === cell.vmm && each.cause === what);
    const leftOut =
      cell.leftOut ??
      (row === undefined
        ? `a guest of ${cell.vmm} cannot bring ${what} about`
        : Object.keys(row.known).length === 0 && row.otherwise !== kind
          ? `${cell.vmm} takes ${what} for a ${row.otherwise}`
          : undefined);
    return leftOut === undefined ? cell : { ...cell, leftOut };
  });
}

const actions = ["reset", "halt", "exit:7", "exit"] as const;
type Action = (typeof actions)[number];

/** Any event of another kind ends the VM with a code that no cell expects. */
function machineOf({ kind, machine = {} }: Cells, action: Action): NonNullable<VmTestOptions["machine"]> {
  const other = "exit:99";
  // An action for a watchdog is refused where there is none.
  const power = { reset: other, shutdown: other, crash: other, ...(machine.watchdog && { watchdog: other }) } as const;
  return { ...machine, power: { ...power, [kind === "hibernate" ? "shutdown" : kind]: action } };
}

function isWanted(action: Action, { kind, endsVmm }: Cells): boolean {
  if (action === "reset") return !endsVmm;
  // A plain exit is parsed alike for each kind; a watchdog takes its time.
  return action !== "exit" || kind !== "watchdog";
}

describe.concurrent("power", () => {
  for (const action of actions) {
    for (const cells of causes.filter((each) => isWanted(action, each))) {
      const { what, kind, endsVmm } = cells;
      vmTest(`${what}, ${action}`, { on: told(cells), machine: machineOf(cells, action) }, async ({ vm }) => {
        const verdict = expectedVerdict(causeRow(vm.plan.vmm, vm.plan.accelerator, what));
        const event = await cause(vm, what);
        expect(event).toMatchObject({
          ...verdict,
          kind,
          action,
          evidence: expect.arrayContaining([expect.any(String)]),
        });
        if (action === "reset") {
          await expect(vm.console()).toPrint(/^petri-guest ready/, { after: event });
          expect(vm.state).toBe("running");
        } else if (action === "halt") {
          expect(vm.state).toBe(endsVmm ? "ended" : "halted");
        } else {
          expect(await vm.exited).toEqual({ code: action === "exit" ? 0 : 7, event });
          expect(vm.state).toBe("ended");
        }
        expect(vm.power.events).toEqual([event]);
      });
    }
  }
});

// Only Linux panics (panic-reboot.test.ts), and only UEFI firmware offers a reset of its own (causes.test.ts).
const elsewhere = ["kernel-panic", "firmware-reset"];

test("every cause in the table is here, or is caused elsewhere", () => {
  const here = causes.map(({ what }) => what);
  expect(new Set([...here, ...elsewhere])).toEqual(new Set(causeTable.map((row) => row.cause)));
});
