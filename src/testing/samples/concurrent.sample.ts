import { describe, expect, matrix, vmTest } from "petri-vm/test";

describe.concurrent("many at once", () => {
  for (const number of Array(8).keys()) {
    vmTest(`boots ${number}`, { on: matrix({ boot: "kernel" }) }, async ({ vm }) => {
      await expect(vm.console()).toPrint(/^petri-guest ready/);
    });
  }
});
