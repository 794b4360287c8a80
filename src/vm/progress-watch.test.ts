import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ProgressWatch } from "./progress-watch.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] }));
afterEach(() => void vi.useRealTimers());

function setUp(budgetMs: number | undefined) {
  const stuck: (readonly string[])[] = [];
  const watch = new ProgressWatch({ budgetMs, onStuck: (waits) => stuck.push(waits) });
  const pass = (ms: number) => vi.advanceTimersByTime(ms);
  return { watch, stuck, pass };
}

test("fires once, with what is waited for, when the budget is spent", () => {
  const { watch, stuck, pass } = setUp(1000);
  watch.isRunning = true;
  watch.began("one");
  watch.began("two");
  pass(990);
  expect(stuck).toEqual([]);
  pass(5000);
  expect(stuck).toEqual([["one", "two"]]);
  watch.progress();
  pass(5000);
  expect(stuck).toHaveLength(1);
});

test.each([
  ["nobody waits", (watch: ProgressWatch) => watch.ended("wait", false)],
  ["the guest is paused", (watch: ProgressWatch) => Object.assign(watch, { isRunning: false })],
  ["the VM has ended", (watch: ProgressWatch) => watch.close()],
])("while %s no time counts", (_, stop) => {
  const { watch, stuck, pass } = setUp(1000);
  watch.isRunning = true;
  watch.began("wait");
  pass(900);
  stop(watch);
  pass(60_000);
  expect(stuck).toEqual([]);
});

test("waits that time out one after another add up, for none of them saw progress", () => {
  const { watch, stuck, pass } = setUp(1000);
  watch.isRunning = true;
  for (let round = 0; round < 3; round++) {
    watch.began("short");
    pass(400);
    watch.ended("short", false);
    pass(10_000);
  }
  expect(stuck).toEqual([["short"]]);
});

test("a timer that is early is set again", () => {
  const stuck: unknown[] = [];
  let lag = 0;
  const now = () => performance.now() - lag;
  const watch = new ProgressWatch({ budgetMs: 1000, now, onStuck: (waits) => stuck.push(waits) });
  watch.isRunning = true;
  watch.began("wait");
  lag = 50;
  vi.advanceTimersByTime(1000);
  // The look itself comes a turn of the loop later.
  vi.advanceTimersByTime(10);
  expect(stuck).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(stuck).toEqual([["wait"]]);
});

test("two waits of one name are two", () => {
  const { watch, stuck, pass } = setUp(1000);
  watch.isRunning = true;
  watch.began("same");
  watch.began("same");
  watch.ended("same", false);
  pass(1100);
  expect(stuck).toEqual([["same"]]);
});

test("without a budget it never fires and holds no timer", () => {
  const { watch, stuck, pass } = setUp(undefined);
  watch.isRunning = true;
  watch.began("wait");
  expect(vi.getTimerCount()).toBe(0);
  pass(1e9);
  expect(stuck).toEqual([]);
});

type Step = ["run" | "stop" | "began" | "failed" | "met" | "progress" | "pass", number];

test("fires exactly when the time that counts since the last progress reaches the budget", () => {
  const step = fc.tuple(
    fc.constantFrom("run", "stop", "began", "failed", "met", "progress", "pass", "pass", "pass"),
    fc.integer({ min: 1, max: 600 }),
  ) as fc.Arbitrary<Step>;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { watch, stuck, pass } = setUp(1000);
      let counted = 0;
      let pending = 0;
      let running = false;
      let expected = false;
      for (const [what, ms] of steps) {
        if (what === "run" || what === "stop") {
          running = what === "run";
          watch.isRunning = running;
        } else if (what === "began") {
          pending++;
          watch.began("wait");
        } else if (what === "failed" || what === "met") {
          if (pending === 0) continue;
          pending--;
          if (what === "met") counted = 0;
          watch.ended("wait", what === "met");
        } else if (what === "progress") {
          counted = 0;
          watch.progress();
        } else {
          if (running && pending > 0) counted += ms;
          expected ||= counted >= 1000;
          pass(ms);
          pass(0);
        }
        if (expected) break;
      }
      // The last look comes a turn of the loop later.
      if (expected) pass(2);
      expect(stuck.length).toBe(expected ? 1 : 0);
      vi.clearAllTimers();
    }),
  );
});
