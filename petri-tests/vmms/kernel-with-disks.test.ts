import { resolveImage } from "petri-vm";
import { expect, matrix, vmTest } from "petri-vm/test";

vmTest(
  "a kernel that is started directly may have disks",
  {
    on: matrix({
      boot: "kernel",
      image: "petri-guest",
      except: ({ vmm }) => /bhyve|openvmm/.test(vmm) && `${vmm} has no IDE`,
    }),
  },
  async ({ boot }) => {
    const { disk } = await resolveImage("petri-guest", "pcat");
    const file = disk?.file ?? "";
    const vm = await boot({
      machine: {
        disks: [
          { file, bus: "ide" as const, slot: 0 },
          { file, bus: "ide" as const, slot: 1 },
        ],
      },
    });
    await expect(vm.console()).toPrint(/^petri-guest ready kernel/);
  },
);
