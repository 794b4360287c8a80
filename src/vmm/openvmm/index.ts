import type { Vmm } from "../contract.ts";
import { planOpenvmm } from "./plan.ts";
import { openvmmSupport } from "./support.ts";

export const openvmm: Vmm = {
  name: "openvmm",
  detect: async (host, settings) => (await import("./detect.ts")).detectOpenvmm(openvmm, host, settings),
  support: openvmmSupport,
  plan: planOpenvmm,
  launch: async (...life) => (await import("./control.ts")).launchOpenvmm(...life),
};
