import { describe, expect, matrix, vmTest } from "petri-vm/test";
import { patiently } from "../patience.ts";

const ready = /^petri-guest ready/;

/** Each device, how long it takes when it is armed with 2 s, and whether it remembers an expiry after the reset. */
const devices = [
  { vmm: "qemu", watchdog: "i6300esb", windowMs: 2000, remembers: true },
  { vmm: "qemu", watchdog: "ib700", windowMs: 2000, remembers: false },
  { vmm: "qemu", watchdog: "itco", windowMs: 2400, remembers: true },
  { vmm: "v86", watchdog: "ib700", windowMs: 2000, remembers: false },
  { vmm: "v86", watchdog: "wdat", windowMs: 2000, remembers: true },
] as const;

/** How late an expiry may be told: the device's own rounding, and a host with more to do than these machines. */
const slackMs = 4000;

for (const { vmm, watchdog, windowMs, remembers } of devices) {
  describe.concurrent(`${vmm} ${watchdog}`, () => {
    const on = { on: patiently(matrix({ vmm, boot: "kernel", image: "petri-guest" })), machine: { watchdog } } as const;

    vmTest("fires within its window, remembers it, and can be armed again", on, async ({ vm, guest }) => {
      await guest.ready();
      for (let round = 0; round < 2; round++) {
        const before = performance.now();
        await guest.watchdog({ arm: "2s" });
        const armed = performance.now();
        if (remembers)
          expect(await guest.watchdogStatus()).toEqual({ device: watchdog, isArmed: true, hasFired: false });
        const event = await vm.power.next("watchdog");
        const now = performance.now();
        expect(event).toMatchObject({ cause: watchdog, confidence: "reported", action: "reset", index: round });
        expect(now - before).toBeGreaterThanOrEqual(windowMs);
        expect(now - armed).toBeLessThan(windowMs + slackMs);
        await expect(vm.console()).toPrint(ready, { after: event });
        if (remembers)
          expect(await guest.watchdogStatus()).toEqual({ device: watchdog, isArmed: false, hasFired: true });
        else await expect(guest.watchdogStatus()).rejects.toThrow("an ib700 tells nothing");
      }
      expect(vm.power.events).toHaveLength(2);
    });

    vmTest("waits while it is petted, and while the machine is paused", on, async ({ vm, guest }) => {
      const console = vm.console();
      await expect(console).toPrint(ready);
      await guest.watchdog({ arm: "4s" });
      for (let second = 0; second < 5; second++) {
        await expect(console).not.toPrint(ready, { during: "1s" });
        await guest.watchdog("pet");
      }
      const before = performance.now();
      await guest.watchdog({ arm: "2s" });
      await vm.pause();
      const ranMs = performance.now() - before;
      await expect(console).not.toPrint(ready, { during: "3s" });
      expect(vm.power.events).toHaveLength(0);
      const resumed = performance.now();
      await vm.resume();
      const event = await vm.power.next("watchdog");
      expect(performance.now() - resumed).toBeGreaterThanOrEqual(windowMs - ranMs);
      await expect(console).toPrint(ready, { after: event });
    });

    vmTest("waits when it was stopped", on, async ({ vm, guest }) => {
      const console = vm.console();
      await expect(console).toPrint(ready);
      await guest.watchdog({ arm: "2s" });
      await guest.watchdog("stop");
      if (remembers) expect(await guest.watchdogStatus()).toMatchObject({ isArmed: false, hasFired: false });
      await expect(console).not.toPrint(ready, { during: "4s" });
      await expect(guest.watchdog("pet")).rejects.toThrow("no watchdog armed");
      expect(vm.power.events).toHaveLength(0);
    });
  });
}
