import { problem } from "../problem.ts";
import type { Rule } from "../rules.ts";

export const powerRules: Rule = ({ power, watchdog, consoles }, broken) => {
  if (typeof watchdog === "object" && consoles !== undefined && (consoles[watchdog.console] ?? "none") === "none") {
    const what = `the machine has no ${watchdog.console} to listen to: set consoles.${watchdog.console} to capture`;
    return [problem(["watchdog", "console"], what)];
  }
  if (power === undefined || power.watchdog === "reset" || watchdog !== undefined || broken.has("watchdog")) return [];
  return [problem(["power", "watchdog"], `"${power.watchdog}" needs a watchdog: set watchdog to any`)];
};
