import fc from "fast-check";
import { expect, test } from "vitest";
import { GuestClock } from "./guest-clock.ts";

type Point = readonly [guest: number, host: number];

const clockOf = (points: readonly Point[]) => {
  const clock = new GuestClock();
  for (const [guest, host] of points) clock.add(guest, host);
  return clock;
};

test("knows nothing before the guest's clock runs", () => {
  expect(clockOf([]).hostTimeOf(1)).toBeUndefined();
  expect(clockOf([[0, 5]]).hostTimeOf(1)).toBeUndefined();
});

test("one time gives the offset", () => {
  expect(clockOf([[1, 5]]).hostTimeOf(3)).toBe(7);
});

test("a log that came late in one piece is put where it was said", () => {
  const clock = clockOf([
    [0, 0.1],
    [0.1, 2],
    [0.2, 2],
    [1.5, 2],
    [9, 9.5],
  ]);
  expect(clock.count).toBe(4);
  // Within what a clock may gain in the 1.4 s from there to the first line that came in time.
  expect(clock.hostTimeOf(0.1)).toBeCloseTo(0.6, 1);
  expect(clock.hostTimeOf(1.5)).toBe(2);
  expect(clock.hostTimeOf(9)).toBe(9.5);
});

test("a clock that lost ticks is right before and after", () => {
  const clock = clockOf([
    [0.013, 1.053],
    [0.351, 1.483],
    [0.8, 2.133],
    [1.17, 2.541],
    [1.58, 2.951],
  ]);
  for (const [guest, host] of [
    [0.013, 1.053],
    [0.8, 2.133],
    [1.58, 2.951],
  ] as const) {
    expect(clock.hostTimeOf(guest)).toBeCloseTo(host, 2);
  }
});

/** A boot: how long between two messages, what the clock loses or gains meanwhile (in 1/1000), how late each arrives. */
const message = fc.record({
  gap: fc.integer({ min: 0, max: 500_000 }),
  gain: fc.integer({ min: -400, max: 10 }),
  late: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_000_000 })),
});
const boot = fc.array(message, { minLength: 1, maxLength: 200 });

function said(messages: readonly { gap: number; gain: number; late: number }[]) {
  let [guest, host] = [0.001, 5];
  return messages.map(({ gap, gain, late }) => {
    const passed = gap / 1e6;
    host += passed;
    guest += passed * (1 + gain / 1000);
    return { guest, truth: host, arrival: host + late / 1e6 };
  });
}

test("no message is put before it was said, or after it arrived", () => {
  fc.assert(
    fc.property(boot, (messages) => {
      const log = said(messages);
      const clock = clockOf(log.map(({ guest, arrival }) => [guest, arrival]));
      for (const { guest, truth, arrival } of log) {
        const host = clock.hostTimeOf(guest) ?? Number.NaN;
        expect(host).toBeGreaterThanOrEqual(truth - 1e-9);
        expect(host).toBeLessThanOrEqual(arrival + 1e-9);
      }
    }),
    { numRuns: 500 },
  );
});

test("what was said later is put later", () => {
  fc.assert(
    fc.property(boot, fc.array(fc.double({ min: 0, max: 150, noNaN: true }), { maxLength: 30 }), (messages, times) => {
      const clock = clockOf(said(messages).map(({ guest, arrival }) => [guest, arrival]));
      const hosts = times.sort((a, b) => a - b).map((time) => clock.hostTimeOf(time) ?? Number.NaN);
      for (let index = 1; index < hosts.length; index++) {
        expect(hosts[index]).toBeGreaterThanOrEqual(hosts[index - 1] ?? 0);
      }
    }),
    { numRuns: 500 },
  );
});

test("whatever a guest prints, memory is bounded and the answer stays near", () => {
  const clock = new GuestClock();
  for (let index = 1; index <= 100_000; index++) clock.add(index / 10, 3 + index / 10);
  expect(clock.count).toBe(100_000);
  for (const time of [1, 500, 5000, 9999.9]) expect(clock.hostTimeOf(time)).toBeCloseTo(3 + time, 0);
  for (const value of [Number.MAX_SAFE_INTEGER, 1, -5]) clock.add(value, 1);
  expect(clock.hostTimeOf(1)).toBeLessThanOrEqual(4);
});
