import { type Problem, problem } from "../problem.ts";
import type { Rule } from "../rules.ts";

/** A card without a network behind it leads nowhere. */
export const nicRules: Rule = ({ nics }) =>
  (nics ?? []).flatMap(({ backend, forward }, index): Problem[] =>
    backend === "none" && forward.length > 0
      ? [problem(["nics", index, "forward"], "needs backend user: none has no network behind it")]
      : [],
  );
