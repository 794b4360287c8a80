import { type Problem, problem } from "../problem.ts";
import type { Rule } from "../rules.ts";

/** The guest mounts by tag, so each must name one folder. */
export const filesystemRules: Rule = ({ filesystems }) =>
  (filesystems ?? []).flatMap(({ tag }, index, all): Problem[] => {
    const first = all.findIndex((other) => other.tag === tag);
    if (first === index) return [];
    return [
      problem(["filesystems", index, "tag"], `${tag} is already the tag of filesystems[${first}]: choose another`),
    ];
  });
