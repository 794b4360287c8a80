import { expect, test } from "vitest";
import { matrixTable } from "./matrix-table.ts";
import type { Outcome, TestResult } from "./model.ts";

function result(title: string, cell: string | undefined, outcome: Outcome, file = "a.test.ts"): TestResult {
  const [vmm = "", boot = "", image = "", accelerator] = cell?.split(" ") ?? [];
  return {
    name: cell ? `${title} [${cell}]` : title,
    title,
    file,
    suite: [],
    ...(cell !== undefined && { cell: { vmm, boot, image, ...(accelerator !== undefined && { accelerator }) } }),
    outcome,
    durationMs: 1,
    attempts: 1,
    failures: [],
    traces: [],
  };
}

test("a row per test and variant, a column per VMM, in order of appearance", () => {
  const table = matrixTable([
    result("t", "qemu uefi a", "passed"),
    result("u", "qemu uefi a", "skipped"),
    result("t", "qemu pcat a", "failed"),
    result("t", "v86 pcat a", "flaky"),
    result("plain", undefined, "failed"),
    result("t", "v86 uefi a", "skipped", "b.test.ts"),
  ]);
  expect(table.columns).toEqual(["qemu", "v86"]);
  expect(table.rows).toEqual([
    { file: "a.test.ts", title: "t", variant: "uefi a", cells: ["passed", undefined], disagrees: false },
    { file: "a.test.ts", title: "t", variant: "pcat a", cells: ["failed", "flaky"], disagrees: true },
    { file: "a.test.ts", title: "u", variant: "uefi a", cells: ["skipped", undefined], disagrees: false },
    { file: "b.test.ts", title: "t", variant: "uefi a", cells: [undefined, "skipped"], disagrees: false },
  ]);
});

test("a VMM that ran with two accelerators has two columns, and the two may disagree", () => {
  const table = matrixTable([
    result("t", "qemu uefi a kvm", "failed"),
    result("t", "qemu uefi a tcg", "passed"),
    result("t", "v86 uefi a jit", "failed"),
  ]);
  expect(table.columns).toEqual(["qemu/kvm", "qemu/tcg", "v86"]);
  expect(table.rows[0]?.disagrees).toBe(true);
});

test("of two results in one place the worse shows; a skip is no disagreement", () => {
  const table = matrixTable([
    result("t", "qemu uefi a", "failed"),
    result("t", "qemu uefi a", "passed"),
    result("t", "v86 uefi a", "skipped"),
  ]);
  expect(table.rows[0]).toMatchObject({ cells: ["failed", "skipped"], disagrees: false });
  expect(matrixTable([result("plain", undefined, "passed")])).toEqual({ columns: [], rows: [] });
});
