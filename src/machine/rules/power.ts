import { problem } from "../problem.ts";
import type { Rule } from "../rules.ts";

export const powerRules: Rule = ({ power, watchdog, consoles, clock, record }, broken) => {
  if (typeof watchdog === "object" && (clock === "warp" || record)) {
    const by = record ? "a recorded guest" : "a warped guest";
    const what = `a heartbeat is counted in the host's time, and ${by} has another: set a device, such as any`;
    return [problem(["watchdog", "heartbeat"], what)];
  }
  if (typeof watchdog === "object" && consoles !== undefined && (consoles[watchdog.console] ?? "none") === "none") {
    const what = `the machine has no ${watchdog.console} to listen to: set consoles.${watchdog.console} to capture`;
    return [problem(["watchdog", "console"], what)];
  }
  if (power === undefined || power.watchdog === "reset" || watchdog !== undefined || broken.has("watchdog")) return [];
  return [problem(["power", "watchdog"], `"${power.watchdog}" needs a watchdog: set watchdog to any`)];
};
