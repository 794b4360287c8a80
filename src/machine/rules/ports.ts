import { problem } from "../problem.ts";
import type { Rule } from "../rules.ts";

export const portRules: Rule = ({ ports = [] }) =>
  ports.flatMap((name, index) =>
    ports.indexOf(name) === index
      ? []
      : [problem(["ports", index], `${name} is there already: each port has its own name`)],
  );
