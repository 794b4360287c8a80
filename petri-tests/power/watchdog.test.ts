import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, matrix, vmTest } from "petri-vm/test";
import { patiently } from "../patience.ts";

const ready = /^petri-guest ready/;
const anyBoot = { on: matrix({ image: "petri-guest" }), machine: { watchdog: "any" } } as const;
const kernel = { on: matrix({ boot: "kernel", image: "petri-guest" }), machine: { watchdog: "any" } } as const;
const halts = { ...kernel, machine: { watchdog: "any", power: { watchdog: "halt" } } } as const;

vmTest("the watchdog resets a hung guest", anyBoot, async ({ vm, guest }) => {
  await guest.hang({ watchdog: "2s" });
  const event = await vm.power.next("watchdog");
  expect(event.action).toBe("reset");
  await expect(vm.console("com1")).toPrint(ready, { after: event });

  // One event, where the guest fell silent; firmware's own reset after ours is none.
  expect(event).toMatchObject({ confidence: "reported" });
  expect(event.evidence[0]).toMatch(/"(GUEST_)?WATCHDOG"/);
  const log = readFileSync(join(vm.traceDir, "com1.log"));
  expect(log.subarray(0, event.offsets.com1).toString("latin1")).toMatch(/ok hang quiet\r\n$/);
  expect(await guest.echo("again")).toBe("again");
  expect(vm.power.events).toEqual([event]);
});

// The test above, on a machine where the reset does not come. samples/watchdog.sample.ts looks at what it then says.
vmTest.fails("a guest that never reboots makes that test red", halts, async ({ vm, guest }) => {
  await guest.hang({ watchdog: "2s" });
  const event = await vm.power.next("watchdog");
  expect(event.action).toBe("reset");
  await expect(vm.console("com1")).toPrint(ready, { after: event });
});

// Each waits for seconds that a device counts: they wait together.
describe.concurrent("watchdog", () => {
  vmTest("a guest that the watchdog halted prints no more, and can be reset", halts, async ({ vm, guest }) => {
    await guest.hang({ watchdog: "1s" });
    const event = await vm.power.next("watchdog");
    expect(vm.state).toBe("halted");
    await expect(vm.console().expect(ready, { after: event })).rejects.toThrow(/^the watchdog expired \(/);
    await vm.reset();
    await expect(vm.console()).toPrint(ready, { after: event });
    expect(vm.power.events).toHaveLength(1);
  });

  const canGoOn = { ...halts, on: matrix({ vmm: "qemu", boot: "kernel", image: "petri-guest" }) };

  vmTest("a guest that the watchdog halted can go on from there", canGoOn, async ({ vm, guest }) => {
    await guest.watchdog({ arm: "1s" });
    await vm.power.next("watchdog");
    await vm.resumeFromHalt();
    expect(await guest.echo("on it goes")).toBe("on it goes");
    expect(vm.power.events).toHaveLength(1);
  });

  for (const watchdog of ["i6300esb", "ib700"] as const) {
    const on = patiently(matrix({ boot: "kernel", image: "petri-guest" }));
    const named = { on, machine: { watchdog } };

    vmTest(`${watchdog} is told by its name, each time it expires`, named, async ({ vm, guest }) => {
      for (let round = 0; round < 2; round++) {
        await guest.hang({ how: round === 0 ? "quiet" : "busy", watchdog: "2s" });
        const event = await vm.power.next("watchdog");
        expect(event).toMatchObject({ cause: watchdog, index: round });
        await expect(vm.console()).toPrint(ready, { after: event });
      }
      expect(vm.power.events).toHaveLength(2);
    });
  }

  vmTest(
    "a machine without a watchdog cannot hang with one",
    { on: matrix({ boot: "kernel", image: "petri-guest" }) },
    async ({ guest }) => {
      await expect(guest.hang({ watchdog: "2s" })).rejects.toThrow("the machine has no watchdog to arm");
      expect(await guest.echo("not hung")).toBe("not hung");
    },
  );
});
