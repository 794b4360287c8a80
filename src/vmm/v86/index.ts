import type { Vmm } from "../contract.ts";
import { launchV86 } from "./control.ts";
import { detectV86 } from "./detect.ts";
import { planV86 } from "./plan.ts";
import { v86Support } from "./support.ts";

export const v86: Vmm = {
  name: "v86",
  detect: (host, settings) => detectV86(v86, host, settings),
  support: v86Support,
  plan: planV86,
  launch: launchV86,
};
