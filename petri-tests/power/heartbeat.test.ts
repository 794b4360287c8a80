import { describe, expect, matrix, vmTest } from "petri-vm/test";
import { patiently } from "../patience.ts";

const ready = /^petri-guest ready/;
const on = {
  on: matrix({ boot: "kernel", image: "petri-guest" }),
  machine: { watchdog: { heartbeat: "2s" } },
} as const;

describe.concurrent("a heartbeat", () => {
  vmTest("that stops is a watchdog's event, and resets the machine", on, async ({ vm, guest }) => {
    await guest.hang({ how: "busy" });
    const silent = performance.now();
    const event = await vm.power.next("watchdog");
    expect(performance.now() - silent).toBeGreaterThan(1500);
    expect(event).toMatchObject({ cause: "heartbeat", confidence: "inferred", action: "reset" });
    expect(event.evidence).toEqual([
      expect.stringMatching(/^com1 was silent for \d+\.\d s while the guest ran; 2\.0 s are allowed$/),
    ]);
    await expect(vm.console()).toPrint(ready, { after: event });
    expect(await guest.echo("again")).toBe("again");
  });

  const slow = { ...on, on: patiently(on.on) };
  vmTest("keeps a guest alive that talks, and one that is paused", slow, async ({ vm, guest }) => {
    const console = vm.console();
    await expect(console).toPrint(ready);
    for (let beat = 0; beat < 6; beat++) {
      await expect(console).not.toPrint(ready, { during: "500ms" });
      await guest.echo("alive");
    }
    await vm.pause();
    await expect(console).not.toPrint(ready, { during: "3s" });
    await vm.resume();
    expect(await guest.echo("still the same")).toBe("still the same");
    expect(vm.power.events).toEqual([]);
  });
});
