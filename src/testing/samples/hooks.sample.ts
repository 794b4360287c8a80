import { beforeAll, describe, matrix, vmTest } from "petri-vm/test";

const on = matrix({ vmm: "v86", boot: "kernel" });

describe("prepared", () => {
  beforeAll(() => {
    throw new Error("no preparation");
  });
  vmTest("is not reached", { on }, () => {});
});
