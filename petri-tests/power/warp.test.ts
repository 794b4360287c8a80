import { causeRow, expectedVerdict } from "petri-vm";
import { describe, expect, matrix, vmTest } from "petri-vm/test";
import { cause } from "./ways.ts";

const ready = /^petri-guest ready/;
const onQemu = { on: matrix({ vmm: "qemu", boot: "kernel", image: "petri-guest" }) } as const;

/** Under the host's clock each of these would take a minute. */
const quickMs = 15_000;

describe.concurrent("a minute of a watchdog", () => {
  for (const watchdog of ["i6300esb", "ib700", "itco"] as const) {
    // An ib700 counts to 30 s at the most.
    const arm = watchdog === "ib700" ? "30s" : "60s";
    const warped = { ...onQemu, machine: { watchdog, clock: "warp" }, timeout: "60s" } as const;

    vmTest(`${watchdog} is over at once`, warped, async ({ vm, guest }) => {
      await guest.ready();
      const before = performance.now();
      await guest.hang({ watchdog: arm });
      const event = await vm.power.next("watchdog");
      expect(performance.now() - before).toBeLessThan(quickMs);
      expect(event).toMatchObject({ cause: watchdog, confidence: "reported", action: "reset" });
      await expect(vm.console()).toPrint(ready, { after: event });
      expect(vm.power.events).toEqual([event]);
    });
  }

  const warped = { ...onQemu, machine: { watchdog: "i6300esb", clock: "warp" } } as const;

  vmTest(
    "takes as many instructions as a busy guest has in it",
    { ...warped, timeout: "60s" },
    async ({ vm, guest }) => {
      await guest.hang({ how: "busy", watchdog: "2s" });
      expect(await vm.power.next("watchdog")).toMatchObject({ cause: "i6300esb" });
    },
  );

  vmTest("passes while the guest waits for whoever types, who is never in time", warped, async ({ vm, guest }) => {
    await guest.watchdog({ arm: "60s" });
    expect(await vm.power.next("watchdog")).toMatchObject({ cause: "i6300esb" });
  });
});

const all = [
  "keyboard-controller",
  "port92",
  "cf9",
  "acpi-reset",
  "triple-fault",
  "pvpanic",
  "itco",
  "acpi-s5",
] as const;

vmTest(
  "what the guest does is told as under the host's clock, on two processors that take turns",
  {
    ...onQemu,
    machine: {
      ...{ clock: "warp", chipset: "q35", watchdog: "itco", processors: { count: 2 } },
      power: { crash: "reset", shutdown: "reset" },
    },
  },
  async ({ vm }) => {
    for (const what of all) {
      const event = await cause(vm, what);
      expect(event).toMatchObject({ ...expectedVerdict(causeRow("qemu", "tcg", what)), action: "reset" });
      await expect(vm.console()).toPrint(ready, { after: event });
    }
    expect(vm.power.events).toHaveLength(all.length);
  },
);

vmTest(
  "a Linux sleeps for an hour in no time, by all of its clocks, and its watchdog counts that time",
  { on: matrix({ vmm: "qemu", boot: "kernel", image: "debian" }), machine: { watchdog: "i6300esb", clock: "warp" } },
  async ({ vm, guest }) => {
    const clocks = async () => {
      const { stdout } = await guest.exec("cut -d. -f1 /proc/uptime; date +%s; cat /sys/class/rtc/rtc0/since_epoch");
      return stdout.toString().trim().split("\n").map(Number);
    };
    const before = await clocks();
    await guest.exec("sleep 3600");
    const after = await clocks();
    expect(after).toHaveLength(3);
    for (const [index, seconds] of after.entries()) expect(seconds - (before[index] ?? 0)).toBeGreaterThanOrEqual(3599);

    await guest.watchdog({ arm: "60s" });
    expect(await vm.power.next("watchdog")).toMatchObject({ cause: "i6300esb", action: "reset" });
  },
);
