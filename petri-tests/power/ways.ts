import type { PowerEvent, VirtualMachine } from "petri-vm";

export type Cause = PowerEvent["cause"];

/**
 * What petri-guest is told to do, for each cause that it can be. What crashes it is typed: a driver's call would announce
 * a crash, which is none where its evidence is left out.
 */
const ways: Readonly<Partial<Record<Cause, (vm: VirtualMachine) => Promise<void>>>> = {
  "keyboard-controller": ({ guest }) => guest.reset("keyboard"),
  port92: ({ guest }) => guest.reset("port92"),
  cf9: ({ guest }) => guest.reset("cf9"),
  "acpi-reset": ({ guest }) => guest.reset("acpi"),
  "firmware-reset": ({ guest }) => guest.reset("efi"),
  "triple-fault": (vm) => typed(vm, "triple-fault"),
  pvpanic: (vm) => typed(vm, "panic"),
  i6300esb: ({ guest }) => guest.hang({ watchdog: "1s" }),
  ib700: ({ guest }) => guest.hang({ watchdog: "1s" }),
  itco: ({ guest }) => guest.hang({ watchdog: "1s" }),
  wdat: ({ guest }) => guest.hang({ watchdog: "1s" }),
  // Nobody talks to it, so it says nothing; v86 would tell a quiet hang as one.
  heartbeat: async ({ guest }) => void (await guest.ready()),
  "acpi-s5": ({ guest }) => guest.shutdown(),
  "acpi-s4": ({ guest }) => guest.hibernate(),
  "debug-exit": ({ guest }) => guest.debugExit(3),
};

async function typed(vm: VirtualMachine, command: string) {
  await vm.guest.ready();
  vm.console().sendLine(command);
}

/** Makes the guest do it, and gives the event, which is awaited before it can happen: so no crash is unexpected. */
export async function cause(vm: VirtualMachine, what: Cause): Promise<PowerEvent> {
  const way = ways[what];
  if (!way) throw new Error(`petri-guest cannot be the cause of ${what}`);
  const next = vm.power.next();
  await way(vm);
  return await next;
}
