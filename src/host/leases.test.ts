import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { acquireLease, type LeaseBroker, startLeaseBroker } from "./leases.ts";

let broker: LeaseBroker;
afterEach(() => broker.close());

const start = async (memoryBytes: number, vcpus: number) => {
  broker = await startLeaseBroker({ memoryBytes, vcpus });
  return broker.address;
};

test("a lease that does not fit waits until another is released", async () => {
  const address = await start(1000, 4);
  const first = await acquireLease(address, { memoryBytes: 700, vcpus: 1 });
  const second = acquireLease(address, { memoryBytes: 700, vcpus: 1 });
  const third = acquireLease(address, { memoryBytes: 300, vcpus: 1 });
  await expect(Promise.race([second, third, Promise.resolve("waiting")])).resolves.toBe("waiting");
  first.release();
  const leases = await Promise.all([second, third]);
  expect(broker.held()).toEqual({ memoryBytes: 1000, vcpus: 2 });
  for (const lease of leases) lease.release();
});

test("a VM larger than the host is refused at once, with the numbers", async () => {
  const address = await start(2 ** 30, 4);
  await expect(acquireLease(address, { memoryBytes: 2 ** 31, vcpus: 1 })).rejects.toThrowErrorMatchingInlineSnapshot(`
    [HostError: the VM wants 2048 MiB, but this run may use 1024 MiB in all
      give it less memory, or raise memoryBudget]
  `);
});

test("a VM with more vCPUs than the host has takes them all", async () => {
  const address = await start(1000, 2);
  const lease = await acquireLease(address, { memoryBytes: 1, vcpus: 8 });
  expect(broker.held().vcpus).toBe(2);
  lease.release();
});

test("a dead worker's lease returns by itself", async () => {
  const address = await start(1000, 4);
  const holder = fork(fileURLToPath(new URL("./test/lease-holder.ts", import.meta.url)), [address], {
    execArgv: ["--import", "tsx"],
  });
  await once(holder, "message");
  expect(broker.held().memoryBytes).toBe(1000);
  const waiting = acquireLease(address, { memoryBytes: 1000, vcpus: 1 });
  holder.kill("SIGKILL");
  (await waiting).release();
});

test("a wait ends with its signal and leaves no place in the queue", async () => {
  const address = await start(1000, 4);
  const first = await acquireLease(address, { memoryBytes: 1000, vcpus: 1 });
  const controller = new AbortController();
  const waiting = acquireLease(address, { memoryBytes: 1000, vcpus: 1 }, { signal: controller.signal });
  controller.abort(new Error("the test ended"));
  await expect(waiting).rejects.toThrow("the test ended");
  first.release();
  (await acquireLease(address, { memoryBytes: 1000, vcpus: 1 })).release();
});

test("never more than the budget is held, and everybody is served", async () => {
  const request = fc.record({ memoryBytes: fc.integer({ min: 0, max: 100 }), vcpus: fc.integer({ min: 1, max: 9 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 12 }), async (requests) => {
      const address = await start(100, 4);
      await Promise.all(
        requests.map(async (wanted) => {
          const lease = await acquireLease(address, wanted);
          expect(broker.held().memoryBytes).toBeLessThanOrEqual(100);
          expect(broker.held().vcpus).toBeLessThanOrEqual(4);
          lease.release();
        }),
      );
      broker.close();
    }),
    { numRuns: 25 },
  );
});
