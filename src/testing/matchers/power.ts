import type { MatcherState } from "vitest";
import { UsageError } from "../../machine/errors.ts";
import type { PowerCause, PowerEvent, PowerKind } from "../../power/event.ts";
import { describeEvent, parseAction } from "../../power/journal.ts";
import type { VirtualMachine } from "../../vm/virtual-machine.ts";
import { siteOf } from "../site.ts";
import { asVm } from "./subjects.ts";
import { passed, type Verdict, type WaitingMatcher, waitingMatcher } from "./waiting-matcher.ts";

export interface PowerMatcherOptions {
  /** Milliseconds, or `"5s"`; the test's own time if absent. */
  readonly timeout?: number | string;
}

type State = Pick<MatcherState, "isNot">;

export function toPowerOff(this: State, received: unknown, options?: PowerMatcherOptions): WaitingMatcher {
  const vm = subject(this, received, "toPowerOff");
  return waitingMatcher({ vm, title: "toPowerOff()", site: siteOf(toPowerOff) }, async () => {
    await vm.power.next("shutdown", timeoutOf(options));
    return passed;
  });
}

export function toReset(
  this: State,
  received: unknown,
  cause?: PowerCause,
  options?: PowerMatcherOptions,
): WaitingMatcher {
  const vm = subject(this, received, "toReset");
  return waitingMatcher({ vm, title: `toReset(${cause ?? ""})`, site: siteOf(toReset) }, async () => {
    return judgeCause(await vm.power.next("reset", timeoutOf(options)), "reset", cause);
  });
}

export function toExit(this: State, received: unknown, code: number, options?: PowerMatcherOptions): WaitingMatcher {
  const vm = subject(this, received, "toExit");
  return waitingMatcher({ vm, title: `toExit(${code})`, site: siteOf(toExit) }, async () => {
    const event = await vm.power.next(undefined, timeoutOf(options));
    const ends = event.action !== "none" && parseAction(event.action).action === "exit";
    if (!ends) {
      return failed(
        `expected the VM to exit with ${code}, but ${describeEvent(event)}, and its action is ${event.action}`,
        `give the machine an exit action: machine: { power: { shutdown: "exit:${code}" } }`,
      );
    }
    const exit = await vm.exited;
    return exit.code === code
      ? passed
      : failed(`expected the VM to exit with ${code}, but it exited with ${exit.code}: ${describeEvent(exit.event)}`);
  });
}

export function subject({ isNot }: State, received: unknown, matcher: string): VirtualMachine {
  if (isNot) {
    throw new UsageError(
      `not.${matcher}() would have to wait for ever; assert what does happen, or look at vm.power.events`,
    );
  }
  return asVm(received, matcher);
}

export function judgeCause(event: PowerEvent, kind: PowerKind, cause: PowerCause | undefined): Verdict {
  if (cause === undefined || event.cause === cause) return passed;
  return failed(
    `expected a ${kind} by ${cause}, but ${describeEvent(event)}`,
    ...event.evidence.map((line) => `| ${line}`),
  );
}

function failed(first: string, ...rest: readonly string[]) {
  return { pass: false, message: () => [first, ...rest.map((line) => `  ${line}`)].join("\n") };
}

export function timeoutOf(options: PowerMatcherOptions = {}): { timeout?: number | string } {
  return options.timeout === undefined ? {} : { timeout: options.timeout };
}
