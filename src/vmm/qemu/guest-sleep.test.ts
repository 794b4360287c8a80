import { expect, test, vi } from "vitest";
import { GuestSleep } from "./guest-sleep.ts";

function follow() {
  let woken = 0;
  const sleep = new GuestSleep(async () => void woken++);
  return { sleep, woken: () => woken };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a guest is woken when it has fallen asleep, not before", async () => {
  const { sleep, woken } = follow();
  const waking = sleep.wake();
  sleep.take("RTC_CHANGE");
  await settled();
  expect(woken()).toBe(0);
  sleep.take("SUSPEND");
  await waking;
  expect(woken()).toBe(1);
});

test("one that sleeps is woken at once, and only once for each sleep", async () => {
  const { sleep, woken } = follow();
  sleep.take("SUSPEND");
  await sleep.wake();
  sleep.take("WAKEUP");
  const again = sleep.wake();
  await settled();
  expect(woken()).toBe(1);
  sleep.take("SUSPEND");
  await again;
  expect(woken()).toBe(2);
});

test("one that something else has woken already sleeps no more", async () => {
  const { sleep, woken } = follow();
  sleep.take("SUSPEND");
  sleep.take("WAKEUP");
  void sleep.wake().catch(() => {});
  await settled();
  expect(woken()).toBe(0);
  sleep.end();
});

test("a reset ends the sleep, and the VMM's end the wait", async () => {
  const { sleep, woken } = follow();
  sleep.take("SUSPEND");
  sleep.take("RESET");
  const waking = sleep.wake();
  sleep.end();
  await expect(waking).rejects.toThrow("the VMM ended while its guest was to be woken");
  expect(woken()).toBe(0);
});

test("a guest that does not fall asleep is not waited for endlessly", async () => {
  vi.useFakeTimers();
  const waking = follow().sleep.wake();
  const refusal = expect(waking).rejects.toThrow(
    "the guest did not fall asleep within 30 s\n  make it suspend first: guest.suspend()",
  );
  await vi.advanceTimersByTimeAsync(30_000);
  await refusal;
  vi.useRealTimers();
});
