import { expect, test, vi } from "vitest";
import { GuestClock } from "./guest-clock.ts";
import { RunLoop } from "./run-loop.ts";

test("the guest's clock stands still while the guest is held, and goes on from there", () => {
  vi.useFakeTimers();
  const clock = new GuestClock();
  const start = clock.now();
  vi.advanceTimersByTime(100);
  clock.hold();
  vi.advanceTimersByTime(5_000);
  clock.hold();
  expect(clock.now() - start).toBe(100);
  clock.release();
  clock.release();
  vi.advanceTimersByTime(10);
  expect(clock.now() - start).toBe(110);
  vi.useRealTimers();
});

test("the clock goes on in the slice that fills a console, as v86 ends the slice by it", () => {
  vi.useFakeTimers();
  const clock = new GuestClock();
  const seen: number[] = [];
  const loop: RunLoop = new RunLoop(
    () => {
      loop.hold("com1");
      seen.push(clock.now());
      vi.advanceTimersByTime(1);
      seen.push(clock.now());
      return 0;
    },
    clock,
    "paused",
  );
  loop.release("paused");
  vi.advanceTimersByTime(50);
  expect((seen[1] ?? 0) - (seen[0] ?? 0)).toBe(1);
  expect(clock.now()).toBe(seen[1]);
  vi.useRealTimers();
});

test("a guest runs only when nobody holds it", () => {
  vi.useFakeTimers();
  let slices = 0;
  const loop = new RunLoop(() => ++slices && 10, new GuestClock(), "paused");
  const slicesIn = (ms: number) => {
    const before = slices;
    vi.advanceTimersByTime(ms);
    return slices - before;
  };
  loop.wake();
  expect(slicesIn(100)).toBe(0);
  loop.hold("com1");
  loop.release("paused");
  expect(slicesIn(100)).toBe(0);
  loop.release("com1");
  expect(slicesIn(1)).toBe(1);
  expect(slicesIn(8)).toBe(0);
  loop.wake(); // an interrupt ends its idling
  expect(slicesIn(1)).toBe(1);
  expect(slicesIn(100)).toBe(10);
  loop.hold("paused");
  expect(slicesIn(100)).toBe(0);
  vi.useRealTimers();
});
