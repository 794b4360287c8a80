import type { Vmm } from "../contract.ts";
import { planBhyve } from "./plan.ts";
import { bhyveSupport } from "./support.ts";

export const bhyve: Vmm = {
  name: "bhyve",
  detect: async (host, settings) => (await import("./detect.ts")).detectBhyve(bhyve, host, settings),
  support: bhyveSupport,
  plan: planBhyve,
  launch: async (...life) => (await import("./control.ts")).launchBhyve(...life),
};
