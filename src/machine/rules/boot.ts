import { type Problem, problem } from "../problem.ts";
import type { Rule } from "../rules.ts";

export const bootRules: Rule = ({ boot, arch, chipset }) => {
  const problems: Problem[] = [];
  if (boot?.kind === "pcat" && arch === "aarch64") {
    problems.push(problem(["boot", "kind"], "pcat needs arch x86_64: a BIOS exists only there; write uefi or kernel"));
  }
  if (chipset !== undefined && chipset !== "auto" && arch === "aarch64") {
    problems.push(problem(["chipset"], `"${chipset}" needs arch x86_64: leave the chipset out`));
  }
  if (boot?.kind === "uefi" && boot.kernel === undefined) {
    for (const key of ["initrd", "cmdline"] as const) {
      if (boot[key] !== undefined) {
        problems.push(problem(["boot", key], "needs boot.kernel: name the kernel it is for, or leave it out"));
      }
    }
  }
  return problems;
};
