import { expect, test } from "vitest";
import { ExpectedCrashes } from "./expected-crashes.ts";

test("each expectation is good for one crash, the first that fits", () => {
  const expected = new ExpectedCrashes();
  expected.expect("pvpanic");
  expected.expect(undefined);
  expect(expected.take("triple-fault")).toBe(true);
  expect(expected.take("triple-fault")).toBe(false);
  expect(expected.unmet()).toEqual(["a crash like pvpanic"]);
  expect(expected.take("pvpanic")).toBe(true);
  expect(expected.unmet()).toEqual([]);
});

test("every line is looked at, by text or pattern", () => {
  const expected = new ExpectedCrashes();
  expected.expect(/^Oops: \d+$/m);
  expect(expected.take("kernel-panic\nnothing\nOops: none")).toBe(false);
  expect(expected.unmet()).toEqual(["a crash like /^Oops: \\d+$/m"]);
  expect(expected.has("Oops: 0002")).toBe(true);
  expect(expected.take("kernel-panic\nnothing\nOops: 0002")).toBe(true);
});

test("one that names no crash can be left for another", () => {
  const expected = new ExpectedCrashes();
  expected.expect(undefined);
  expect(expected.has("triple-fault")).toBe(false);
  expect(expected.take("triple-fault", { named: true })).toBe(false);
  expect(expected.take("triple-fault")).toBe(true);
});

test("a pattern with the g flag looks from the start each time", () => {
  const expected = new ExpectedCrashes();
  const pattern = /fault/g;
  expected.expect(pattern);
  expected.expect(pattern);
  expect(["triple-fault", "triple-fault"].map((text) => expected.take(text))).toEqual([true, true]);
});
