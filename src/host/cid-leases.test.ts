import { expect, onTestFinished, test } from "vitest";
import { HostError } from "../machine/errors.ts";
import { leaseCid } from "./cid-leases.ts";
import { acquireLease, startLeaseBroker } from "./leases.ts";

async function broker() {
  const started = await startLeaseBroker({ memoryBytes: 1000, vcpus: 2 });
  onTestFinished(() => started.close());
  return started;
}

test("a CID is one VM's of a run, until it is given back", async () => {
  const { address } = await broker();
  const first = await leaseCid(address, 42);
  expect(first.cid).toBe(42);
  await expect(leaseCid(address, 42)).rejects.toThrow(
    new HostError("vsock.cid: another VM of this run has CID 42\n  choose another, or leave it out"),
  );
  first.release();
  // The broker hears of it when the connection's end has come through.
  await expect.poll(async () => (await leaseCid(address, 42)).cid).toBe(42);
});

test("VMs that name none get different ones, none of the reserved", async () => {
  const { address } = await broker();
  const leases = await Promise.all(Array.from({ length: 50 }, () => leaseCid(address)));
  expect(new Set(leases.map(({ cid }) => cid)).size).toBe(50);
  expect(Math.min(...leases.map(({ cid }) => cid))).toBeGreaterThanOrEqual(2 ** 16);
});

test("CIDs and memory are leased from one broker, and do not take each other's", async () => {
  const { address, held } = await broker();
  await leaseCid(address, 42);
  await acquireLease(address, { memoryBytes: 1000, vcpus: 2 });
  expect(held()).toEqual({ memoryBytes: 1000, vcpus: 2 });
});

test("without a run there is nobody to share with, and without its broker nobody to ask", async () => {
  expect((await leaseCid(undefined, 7)).cid).toBe(7);
  expect((await leaseCid(undefined)).cid).toBeGreaterThan(2);
  await expect(leaseCid("/nowhere/broker")).rejects.toThrow("the lease broker is gone");
});
