import type { MatcherState } from "vitest";
import type { PowerCause } from "../../power/event.ts";
import type { VirtualMachine } from "../../vm/virtual-machine.ts";
import { siteOf } from "../site.ts";
import { judgeCause, type PowerMatcherOptions, subject, timeoutOf } from "./power.ts";
import { lastLinesOf } from "./subjects.ts";
import { passed, type WaitingMatcher, waitingMatcher } from "./waiting-matcher.ts";

type State = Pick<MatcherState, "isNot">;

export function toCrash(
  this: State,
  received: unknown,
  how?: PowerCause | RegExp,
  options?: PowerMatcherOptions,
): WaitingMatcher {
  const vm = subject(this, received, "toCrash");
  const cameAlready =
    vm.power.unacknowledged().some(({ kind }) => kind === "crash") ||
    (how instanceof RegExp && vm.findings.all().some(({ title }) => title.search(how) >= 0));
  if (!cameAlready && !vm.expectsCrash) vm.expectCrash(how);
  const tail = () => lastLinesOf(vm);
  return waitingMatcher({ vm, title: `toCrash(${how ?? ""})`, site: siteOf(toCrash), tail }, async () => {
    if (how instanceof RegExp) {
      await crashLike(vm, how, options);
      return passed;
    }
    const event = await vm.power.find("crash", timeoutOf(options));
    return judgeCause(event, "crash", how);
  });
}

export function toReport(
  this: State,
  received: unknown,
  title?: string | RegExp,
  options?: PowerMatcherOptions,
): WaitingMatcher {
  const vm = subject(this, received, "toReport");
  const shown = typeof title === "string" ? JSON.stringify(title) : String(title ?? "");
  const tail = () => lastLinesOf(vm);
  return waitingMatcher({ vm, title: `toReport(${shown})`, site: siteOf(toReport), tail }, async () => {
    await vm.findings.next(title, timeoutOf(options));
    return passed;
  });
}

/** The first of both: a report with such a title, or a crash event with such a cause or evidence. */
async function crashLike(vm: VirtualMachine, pattern: RegExp, options?: PowerMatcherOptions): Promise<void> {
  const stop = new AbortController();
  const waiting = { ...timeoutOf(options), signal: stop.signal };
  const report = vm.findings.next(pattern, waiting);
  const event = async (): Promise<void> => {
    for (;;) {
      const { cause, evidence } = await vm.power.find("crash", waiting);
      if ([cause, ...evidence].join("\n").search(pattern) >= 0) return;
    }
  };
  try {
    await Promise.any([report, event()]);
  } catch (error) {
    // Both ended for the same reason; the report's wait tells what was found instead.
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    stop.abort(new Error("the crash has come"));
  }
}
