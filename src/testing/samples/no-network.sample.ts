import { matrix, vmTest } from "petri-vm/test";

const on = matrix({ vmm: "v86", boot: "kernel", image: "debian-686" });

vmTest("boots Linux", { on }, async ({ guest }) => {
  await guest.ready();
});

vmTest("boots two of them", { on }, async ({ boot }) => {
  await boot();
});

vmTest("boots what is there", { on: matrix({ vmm: "v86", boot: "kernel" }) }, async ({ guest }) => {
  await guest.ready();
});
