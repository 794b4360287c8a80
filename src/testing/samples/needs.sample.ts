import { matrix, vmTest } from "petri-vm/test";

vmTest("looks at the screen", { on: matrix({ boot: "kernel" }), needs: ["screenshot"] }, async ({ vm }) => {
  vm.facet("screenshot");
});

vmTest("presses the button", { on: matrix({ boot: "kernel" }), needs: ["powerButton"] }, async ({ vm }) => {
  vm.facet("powerButton");
});
