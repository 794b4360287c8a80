import { problem } from "../problem.ts";
import type { Rule } from "../rules.ts";

export const powerRules: Rule = ({ power, watchdog }, broken) => {
  if (power === undefined || power.watchdog === "reset" || watchdog !== undefined || broken.has("watchdog")) return [];
  return [problem(["power", "watchdog"], `"${power.watchdog}" needs a watchdog: set watchdog to any`)];
};
