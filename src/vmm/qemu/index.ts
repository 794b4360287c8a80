import type { Vmm } from "../contract.ts";
import { launchQemu } from "./control.ts";
import { planQemu } from "./plan.ts";
import { scriptQemu } from "./script.ts";
import { qemuSupport } from "./support.ts";

export const qemu: Vmm = {
  name: "qemu",
  // What it found is kept: few commands need to look.
  detect: async (host, settings) => (await import("./detect.ts")).detectQemu(qemu, host, settings),
  support: qemuSupport,
  plan: planQemu,
  script: scriptQemu,
  launch: launchQemu,
};
