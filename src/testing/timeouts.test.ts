import { expect, test } from "vitest";
import { bootKinds } from "../machine/boot.ts";
import { testSeconds, testTimeoutMs } from "./timeouts.ts";

test("an emulated boot never gets less time than one on hardware, nor a system less than petri-guest", () => {
  for (const boot of bootKinds) {
    for (const weight of ["small", "system"] as const) {
      expect(testSeconds.emulated[weight][boot]).toBeGreaterThanOrEqual(testSeconds.hardware[weight][boot]);
    }
    for (const speed of ["emulated", "hardware"] as const) {
      expect(testSeconds[speed].system[boot]).toBeGreaterThan(testSeconds[speed].small[boot]);
    }
  }
});

test("a slow host scales every timeout", () => {
  const cell = { accelerator: "tcg", boot: "uefi", weight: "small" } as const;
  expect([testTimeoutMs(cell, 1), testTimeoutMs(cell, 2.5)]).toEqual([60_000, 150_000]);
});
