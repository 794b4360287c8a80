import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Heartbeat } from "./heartbeat.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function keep(withinMs = 1000) {
  const silences: number[] = [];
  const heart = new Heartbeat({ withinMs, onSilence: (ms) => silences.push(Math.round(ms)) });
  heart.isRunning = true;
  return { heart, silences };
}

test("a guest that falls silent is told of once, with how long it was", () => {
  const { heart, silences } = keep();
  heart.beat();
  vi.advanceTimersByTime(999);
  expect(silences).toEqual([]);
  vi.advanceTimersByTime(5000);
  expect(silences).toHaveLength(1);
  expect(silences[0]).toBeGreaterThanOrEqual(1000);
});

test("each sign of life gives it the whole time again", () => {
  const { heart, silences } = keep();
  for (let beat = 0; beat < 10; beat++) {
    heart.beat();
    vi.advanceTimersByTime(900);
  }
  expect(silences).toEqual([]);
});

test("nothing is counted before the first sign of life of a boot", () => {
  const { heart, silences } = keep();
  vi.advanceTimersByTime(10_000);
  heart.beat();
  heart.boot();
  vi.advanceTimersByTime(10_000);
  expect(silences).toEqual([]);
});

test("time in which the machine stands still does not count, what came before it does", () => {
  const { heart, silences } = keep();
  heart.beat();
  vi.advanceTimersByTime(600);
  heart.isRunning = false;
  vi.advanceTimersByTime(10_000);
  heart.isRunning = true;
  vi.advanceTimersByTime(399);
  expect(silences).toEqual([]);
  vi.advanceTimersByTime(10);
  expect(silences).toHaveLength(1);
});
