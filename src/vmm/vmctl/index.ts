import type { Vmm } from "../contract.ts";
import { planVmctl } from "./plan.ts";
import { vmctlSupport } from "./support.ts";

export const vmctl: Vmm = {
  name: "vmctl",
  detect: async (host, settings) => (await import("./detect.ts")).detectVmctl(vmctl, host, settings),
  support: vmctlSupport,
  plan: planVmctl,
  launch: async (...life) => (await import("./control.ts")).launchVmctl(...life),
};
