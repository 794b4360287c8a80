import type { Vmm } from "../contract.ts";
import { launchQemu } from "./control.ts";
import { detectQemu } from "./detect.ts";
import { planQemu } from "./plan.ts";
import { qemuSupport } from "./support.ts";

export const qemu: Vmm = {
  name: "qemu",
  detect: (host, settings) => detectQemu(qemu, host, settings),
  support: qemuSupport,
  plan: planQemu,
  launch: launchQemu,
};
