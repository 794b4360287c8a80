import { problem } from "../problem.ts";
import type { Rule } from "../rules.ts";

/** OpenVMM's CLI page: a path and a CID of the host's kernel exclude each other. */
export const vsockRules: Rule = ({ vsock }) =>
  vsock?.transport === "vhost" && vsock.path !== undefined
    ? [problem(["vsock", "path"], "is served by Petri's own device: leave it out, or transport vhost")]
    : [];
