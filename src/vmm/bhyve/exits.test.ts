import { expect, test } from "vitest";
import { type BhyveEnd, verdictOf } from "./exits.ts";

const end: BhyveEnd = { status: 0, signal: null, stderr: "", hasSpoken: true, ranMs: 5_000, wasAsked: false };

test.each([
  [0, "reset", "unknown"],
  [1, "shutdown", "acpi-s5"],
  [2, "halted", "unknown"],
  [3, "crash", "triple-fault"],
  [4, "vmm-error", "unknown"],
  [64, "vmm-error", "unknown"],
  [71, "vmm-error", "unknown"],
  [100, "vmm-error", "unknown"],
])("status %i is %s (%s)", (status, kind, cause) => {
  expect(verdictOf({ ...end, status })).toEqual({
    ...{ kind, cause, confidence: "reported", evidence: [`bhyve ended with status ${status}`] },
  });
});

test("a usage error, which has the status of a power-off, is an error of the VMM", () => {
  const stderr = "bhyve: illegal option -- z\nUsage: bhyve [-aCDeHhMPSuWwxY]";
  expect(verdictOf({ ...end, status: 1, stderr })).toMatchObject({
    kind: "vmm-error",
    evidence: ["bhyve ended with status 1", stderr],
  });
});

test("status 1 of a bhyve that ended at once and said nothing is no power-off; one of either is", () => {
  expect(verdictOf({ ...end, status: 1, hasSpoken: false, ranMs: 999 }).kind).toBe("vmm-error");
  expect(verdictOf({ ...end, status: 1, hasSpoken: false, ranMs: 1_000 }).kind).toBe("shutdown");
  expect(verdictOf({ ...end, status: 1, hasSpoken: true, ranMs: 50 }).kind).toBe("shutdown");
});

test("a signal is an error, but that of the power button before the guest listens to it", () => {
  const killed = { ...end, status: null };
  expect(verdictOf({ ...killed, signal: "SIGABRT" })).toMatchObject({ kind: "vmm-error" });
  expect(verdictOf({ ...killed, signal: "SIGTERM" })).toMatchObject({ kind: "vmm-error" });
  expect(verdictOf({ ...killed, signal: "SIGTERM", wasAsked: true })).toEqual({
    ...{ kind: "shutdown", cause: "host", confidence: "inferred" },
    evidence: [
      "bhyve was killed by SIGTERM",
      "the power button ends bhyve itself while the guest has not switched ACPI on",
    ],
  });
});
