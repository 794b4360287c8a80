import { UnsupportedError } from "../machine/errors.ts";
import type { VmmName } from "../machine/placement.ts";
import { bhyve } from "./bhyve/index.ts";
import type { Vmm } from "./contract.ts";
import { openvmm } from "./openvmm/index.ts";
import { qemu } from "./qemu/index.ts";
import { v86 } from "./v86/index.ts";
import { vmctl } from "./vmctl/index.ts";

/** The VMMs that are carried, in the order in which one is chosen when none is named. */
export const vmms: readonly Vmm[] = [qemu, v86, openvmm, bhyve, vmctl];

/** Throws UnsupportedError for a VMM that is not carried yet. */
export function vmmNamed(name: VmmName): Vmm {
  const found = vmms.find((vmm) => vmm.name === name);
  if (found) return found;
  throw new UnsupportedError(`${name} is not carried yet; write ${vmms.map((vmm) => vmm.name).join(", ")}`);
}
