import { describe, expect, matrix, vmTest } from "petri-vm/test";

const on = matrix({ vmm: "qemu", boot: "kernel", image: "debian" });
const ready = /^PETRI-READY$/;
/** Linux's boot status of a watchdog (WDIOF_CARDRESET), measured on QEMU 7.2: its ib700 and iTCO keep none. */
const devices = [
  { watchdog: "i6300esb", seconds: 3, status: "32" },
  { watchdog: "itco", seconds: 4, status: "0" },
  { watchdog: "ib700", seconds: 4, status: "" },
] as const;

// Each waits for seconds that a device counts: they wait together.
describe.concurrent("watchdog of a Linux", () => {
  for (const { watchdog, seconds, status } of devices) {
    const named = { on, machine: { watchdog } };

    vmTest(`${watchdog} resets a guest that starves it, in its time`, named, async ({ vm, guest }) => {
      const console = vm.console();
      await guest.watchdog({ arm: `${seconds}s` });
      // Petted once more: from here on it counts.
      const petted = performance.now();
      await guest.watchdog("pet");
      const event = await vm.power.next("watchdog");
      const took = (performance.now() - petted) / 1000;
      expect(took).toBeGreaterThan(seconds - 1.2);
      expect(took).toBeLessThan(3 * seconds + 5);
      expect(event).toMatchObject({ action: "reset", confidence: "reported" });
      expect(event.cause).toBe(watchdog);

      await expect(console).toPrint(ready, { after: event });
      await console.expect("petri# ");
      console.sendLine('echo "status=$(cat /sys/class/watchdog/watchdog0/bootstatus 2>/dev/null);"');
      await expect(console).toPrint(`status=${status};`);
      expect(vm.power.events).toHaveLength(1);
    });

    vmTest(`${watchdog} waits while it is petted or paused, and when it was stopped`, named, async ({ vm, guest }) => {
      const console = vm.console();
      await expect(console).toPrint(ready);
      await guest.watchdog({ arm: `${2 * seconds}s` });
      for (let pet = 0; pet < 4; pet++) {
        await expect(console).not.toPrint(ready, { during: `${seconds * 0.6}s` });
        await guest.watchdog("pet");
      }
      // The guest's time stands still.
      await vm.pause();
      await expect(console).not.toPrint(ready, { during: `${2.5 * seconds}s` });
      await vm.resume();
      await guest.watchdog("stop");
      await expect(console).not.toPrint(ready, { during: `${2.5 * seconds}s` });
      expect(vm.power.events).toEqual([]);
      await expect(guest.watchdog("pet")).rejects.toThrow("the watchdog cannot be petted: arm it first");
    });
  }

  vmTest(
    "with nowayout a watchdog that was armed cannot be stopped",
    {
      on,
      machine: {
        watchdog: "i6300esb",
        boot: { kind: "kernel", cmdline: "console=ttyS0 tsc=unstable i6300esb.nowayout=1" },
      },
    },
    async ({ vm, guest }) => {
      await guest.watchdog({ arm: "3s" });
      await guest.watchdog("stop");
      await expect(vm.console()).toPrint(/watchdog: watchdog0: watchdog did not stop!/);
      expect(await vm.power.next("watchdog")).toMatchObject({ cause: "i6300esb", action: "reset" });
    },
  );

  vmTest("a machine without a watchdog has none to arm", { on }, async ({ guest }) => {
    await expect(guest.watchdog({ arm: "3s" })).rejects.toThrow("the machine has no watchdog to arm");
    expect(await guest.echo("well")).toBe("well");
  });
});
