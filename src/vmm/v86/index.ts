import type { Vmm } from "../contract.ts";
import { planV86 } from "./plan.ts";
import { v86Support } from "./support.ts";

export const v86: Vmm = {
  name: "v86",
  detect: async (host, settings) => (await import("./detect.ts")).detectV86(v86, host, settings),
  support: v86Support,
  plan: planV86,
  launch: async (...life) => (await import("./control.ts")).launchV86(...life),
};
