import { basename, dirname } from "node:path";
import type { RunPaths } from "./contract.ts";

/**
 * A VM's name in a kernel or a daemon, where all VMs of a host are: two never have the same, since a run directory's path
 * names its process and counts within it.
 */
export function vmNameOf({ runDir }: Pick<RunPaths, "runDir">): string {
  const own = [basename(dirname(runDir)), basename(runDir)].join("-");
  return `petri-${own.replaceAll(/[^A-Za-z0-9]+/g, "-").replaceAll(/^-|-$/g, "")}`;
}
