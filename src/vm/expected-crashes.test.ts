import { expect, test } from "vitest";
import type { PowerEvent } from "../power/event.ts";
import { ExpectedCrashes } from "./expected-crashes.ts";

const crash = (cause: PowerEvent["cause"], ...evidence: string[]): PowerEvent => ({
  ...{ kind: "crash", cause, evidence, action: "halt", confidence: "reported", at: 0, offsets: {}, index: 0 },
});

test("each expectation is good for one crash, the first that fits", () => {
  const expected = new ExpectedCrashes();
  expected.expect("pvpanic");
  expected.expect(undefined);
  expect(expected.take(crash("triple-fault"))).toBe(true);
  expect(expected.take(crash("triple-fault"))).toBe(false);
  expect(expected.unmet()).toEqual(["a crash like pvpanic"]);
  expect(expected.take(crash("pvpanic"))).toBe(true);
  expect(expected.unmet()).toEqual([]);
});

test("the cause and every line of evidence are looked at, by text or pattern", () => {
  const expected = new ExpectedCrashes();
  expected.expect(/^Oops: \d+$/m);
  expect(expected.take(crash("kernel-panic", "nothing", "Oops: none"))).toBe(false);
  expect(expected.unmet()).toEqual(["a crash like /^Oops: \\d+$/m"]);
  expect(expected.take(crash("kernel-panic", "nothing", "Oops: 0002"))).toBe(true);
});

test("a pattern with the g flag looks from the start each time", () => {
  const expected = new ExpectedCrashes();
  const pattern = /fault/g;
  expected.expect(pattern);
  expected.expect(pattern);
  expect([crash("triple-fault"), crash("triple-fault")].map((event) => expected.take(event))).toEqual([true, true]);
});
