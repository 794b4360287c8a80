import type { Cell } from "petri-vm/test";

const leftOut = "it takes its time, and is left out of a newcomer's first minute: ALL_VMMS=1 runs it, as npm test does";

/** Cells of tests that take their time: on v86, the VMM of README's first command, they are skipped unless asked for. */
export function patiently(cells: readonly Cell[]): Cell[] {
  return cells.map((cell) =>
    cell.vmm === "v86" && cell.leftOut === undefined && !process.env.ALL_VMMS ? { ...cell, leftOut } : cell,
  );
}
