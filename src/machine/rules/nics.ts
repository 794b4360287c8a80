import { type Problem, problem } from "../problem.ts";
import type { Rule } from "../rules.ts";

export const nicRules: Rule = ({ nics }) =>
  (nics ?? []).flatMap(({ backend, forward, model, mtu }, index): Problem[] => [
    // A card without a network behind it leads nowhere.
    ...(backend === "none" && forward.length > 0
      ? [problem(["nics", index, "forward"], "needs backend user: none has no network behind it")]
      : []),
    ...(mtu !== undefined && model !== "virtio"
      ? [problem(["nics", index, "mtu"], `needs model virtio: ${model} has no way to tell its guest`)]
      : []),
  ]);
