import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Pacer } from "./pacer.ts";
import { play } from "./play.ts";
import type { RecordedBytes } from "./recorded.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

/** What was shown, each with the playback's time in ms. */
async function played(
  at: readonly number[],
  options: Partial<Parameters<typeof play>[1]>,
  meanwhile: (pacer: Pacer) => Promise<void> = async () => {},
) {
  const pacer = new Pacer();
  const startedAt = performance.now();
  const shown: string[] = [];
  async function* pieces(): AsyncGenerator<RecordedBytes> {
    for (const ms of at) yield { t: ms * 1e6, bytes: Buffer.from(String(ms)) };
  }
  const playing = play(pieces(), { speed: 1, atMs: 0, idleMs: 2000, ...options }, pacer, (bytes) => {
    shown.push(`${bytes}@${Math.round(performance.now() - startedAt)}`);
  });
  await meanwhile(pacer);
  await vi.runAllTimersAsync();
  return { shown, reachedMs: await playing };
}

test("pieces come when they came, and no pause is longer than the longest", async () => {
  expect(await played([100, 150, 9000, 9100], {})).toEqual({
    shown: ["100@100", "150@150", "9000@2150", "9100@2250"],
    reachedMs: 9100,
  });
});

test("faster, and from a time on", async () => {
  const { shown } = await played([100, 900, 1500, 2000], { speed: 10, atMs: 1000 });
  expect(shown).toEqual(["100@0", "900@0", "1500@50", "2000@100"]);
});

test("no pauses at all", async () => {
  expect((await played([100, 9000], { idleMs: 0 })).shown).toEqual(["100@0", "9000@0"]);
});

test("a pause stops the time, and leaving ends it", async () => {
  const { shown, reachedMs } = await played([1000, 2000, 3000], {}, async (pacer) => {
    await vi.advanceTimersByTimeAsync(400);
    pacer.togglePause();
    await vi.advanceTimersByTimeAsync(60_000);
    pacer.togglePause();
    await vi.advanceTimersByTimeAsync(700);
    pacer.leave();
  });
  expect(shown).toEqual(["1000@61000"]);
  expect(reachedMs).toBe(1000);
});
