import { expect, test } from "vitest";
import { causeRow, causeTable, type EvidenceSource, evidenceSources, expectedVerdict } from "./causes.ts";

test("a cause stands once for each VMM and accelerator", () => {
  const keys = causeTable.flatMap(({ vmm, accelerators, cause }) =>
    accelerators.map((accelerator) => `${vmm} ${accelerator} ${cause}`),
  );
  expect(new Set(keys).size).toBe(keys.length);
  expect(causeRow("qemu", "kvm", "port92").kind).toBe("reset");
  expect(() => causeRow("v86", "jit", "itco")).toThrow("the table of causes has no itco for v86 with jit");
});

test("what is concluded is never called reported, and the surest source comes first", () => {
  for (const { vmm, known } of causeTable) {
    // bhyve(8) has a status for each change of power; QEMU's says no more than that it ended.
    const statuses = vmm === "bhyve" ? [] : (["exit-status"] as const);
    for (const source of ["registers", "console", "state", ...statuses, "silence"] as const) {
      expect(known[source] ?? "inferred").toBe("inferred");
    }
    const order = Object.values(known);
    expect(order).toEqual([...order].sort().reverse());
  }
});

test("without a source only what rests on it is told otherwise", () => {
  const row = causeRow("qemu", "kvm", "keyboard-controller");
  const told = (...without: EvidenceSource[]) => expectedVerdict(row, without);
  expect(told()).toEqual({ kind: "reset", cause: "keyboard-controller", confidence: "reported" });
  expect(told("registers", "events")).toEqual(told());
  expect(told("device-trace")).toEqual({ kind: "reset", cause: "keyboard-controller", confidence: "inferred" });
  expect(told("device-trace", "registers")).toEqual({ kind: "reset", cause: "unknown", confidence: "reported" });
  expect(expectedVerdict(causeRow("v86", "jit", "acpi-s5"), ["events"])).toBeUndefined();
  expect(Object.keys(evidenceSources)).toContain("device-trace");
});
