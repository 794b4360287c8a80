import { printable } from "../../console/printable.ts";
import { longestTimerMs } from "../../power/wait.ts";
import type { VirtualMachine } from "../../vm/virtual-machine.ts";
import type { Ending } from "./ending.ts";
import type { Watch } from "./script.ts";

const lineBytes = 4096;

/** Resolves when the pattern is printed, from the first byte on; rejects when nothing more will come. */
export async function watchFor(
  vm: Pick<VirtualMachine, "console">,
  watch: Watch,
  signal: AbortSignal,
): Promise<Ending> {
  const console = vm.console(watch.console);
  const match = await console.cursor("start").expect(watch.pattern, { timeout: longestTimerMs, signal });
  const before = console.text({ start: Math.max(0, match.start - lineBytes), end: match.start });
  const after = console.text({ start: match.end, end: match.end + lineBytes });
  const line = `${before.slice(before.lastIndexOf("\n") + 1)}${match.text}${after.split("\n")[0] ?? ""}`;
  return {
    class: "ExpectationFailed",
    exitCode: 1,
    reason: `${watch.console} printed what --fail-on ${printable(watch.text)} looks for\n  | ${printable(line)}`,
  };
}
