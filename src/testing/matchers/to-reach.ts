import type { MatcherState } from "vitest";
import type { BootPhase } from "../../console/phases/phase.ts";
import { UsageError } from "../../machine/errors.ts";
import { siteOf } from "../site.ts";
import { asVm, lastLinesOf } from "./subjects.ts";
import { passed, type WaitingMatcher, waitingMatcher } from "./waiting-matcher.ts";

export interface ToReachOptions {
  /** How soon after the boot began: the VM's first resume, or the last reset. Milliseconds, or `"2s"`. */
  readonly within?: number | string;
  /** How long to wait from now on. Milliseconds, or `"5s"`; the test's own time if absent. */
  readonly timeout?: number | string;
}

export function toReach(
  this: Pick<MatcherState, "isNot">,
  received: unknown,
  phase: BootPhase,
  options: ToReachOptions = {},
): WaitingMatcher {
  if (this.isNot) throw new UsageError("not.toReach() would have to wait for ever; assert on vm.phase or vm.phases");
  const vm = asVm(received, "toReach");
  const tail = () => lastLinesOf(vm);
  return waitingMatcher({ vm, title: `toReach("${phase}")`, site: siteOf(toReach), tail }, async () => {
    await vm.reach(phase, options);
    return passed;
  });
}
