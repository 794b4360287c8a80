import { expect, test } from "vitest";
import type { TestResult } from "../report/model.ts";
import { belowFloor, readFloor } from "./floor.ts";

function ran(vmm: string, boot: string, outcome: TestResult["outcome"] = "passed"): TestResult {
  const cell = { vmm, boot, image: "petri-guest" };
  return {
    ...{ name: "a", title: "a", file: "a.test.ts", suite: [], cell, outcome, durationMs: 1, attempts: 1 },
    ...{ failures: [], traces: [] },
  };
}

const tests = [
  ran("qemu", "uefi"),
  ran("qemu", "kernel", "failed"),
  ran("v86", "kernel"),
  ran("v86", "uefi", "skipped"),
];

test("a floor counts the cells that ran, in all or by their words", () => {
  expect(belowFloor({ "": 3, qemu: 2, "qemu uefi": 1, v86: 1 }, tests)).toEqual([]);
  expect(belowFloor({ "": 4, "v86 uefi": 1, "petri-guest": 9 }, tests)).toEqual([
    "only 3 cells ran; the floor is 4",
    "only 0 v86 uefi cells ran; the floor is 1",
    "only 3 petri-guest cells ran; the floor is 9",
  ]);
});

test("a floor is a number or a readable file", () => {
  expect(readFloor(7)).toEqual({ "": 7 });
  expect(() => readFloor("/nowhere/floor.json")).toThrow(/the floor \/nowhere\/floor.json cannot be read: ENOENT/);
});
