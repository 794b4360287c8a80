import type { BootPhase } from "../../console/phases/phase.ts";
import type { PowerCause } from "../../power/event.ts";
import { toCrash, toReport } from "./crash.ts";
import { type PowerMatcherOptions, toExit, toPowerOff, toReset } from "./power.ts";
import {
  type ToPrintAnyOptions,
  type ToPrintLinesOptions,
  type ToPrintOptions,
  toPrint,
  toPrintAny,
  toPrintLines,
} from "./to-print.ts";
import { type ToReachOptions, toReach } from "./to-reach.ts";
import { type ToShowOptions, toShow } from "./to-show.ts";

export const matchers = {
  toPrint,
  toPrintAny,
  toPrintLines,
  toShow,
  toReach,
  toPowerOff,
  toReset,
  toCrash,
  toReport,
  toExit,
};

/** What `expect` can say of a VM and its consoles. */
export interface PetriMatchers {
  /**
   * On a console: the guest prints this, now or later. Looks from where the last one matched.
   * With `.not` it does not print this within a span, and nothing is consumed.
   * @example await expect(vm.console()).toPrint(/login:/, { timeout: "30s" });
   * @example await expect(vm.console()).not.toPrint("BUG:", { during: "5s" });
   * @example await expect(vm.console()).not.toPrint("error", { until: vm.power.next("shutdown") });
   */
  toPrint(pattern: string | RegExp, options?: ToPrintOptions): Promise<void>;
  /**
   * On a console: the guest prints one of these. `console.expectAny()` says which.
   * @example await expect(vm.console()).toPrintAny([/login: $/, "Password: "]);
   */
  toPrintAny(patterns: readonly (string | RegExp)[], options?: ToPrintAnyOptions): Promise<void>;
  /**
   * On a console: the guest prints these lines: a text is a whole line, a regular expression is found in one. In this
   * order, others between, unless `consecutive` or `ordered: false` says otherwise.
   * @example await expect(vm.console()).toPrintLines(["link up", /^inet /, "ready"]);
   */
  toPrintLines(patterns: readonly (string | RegExp)[], options?: ToPrintLinesOptions): Promise<void>;
  /**
   * On a console's screen: the terminal shows this, now or later. Consumes nothing.
   * @example await expect(vm.console().screen()).toShow(/^ *>Boot Manager/m);
   */
  toShow(pattern: string | RegExp, options?: ToShowOptions): Promise<void>;
  /**
   * On a VM: the boot under way gets to this phase, or is beyond it. `within` counts from where the boot began.
   * @example await expect(vm).toReach("kernel", { within: "2s" });
   */
  toReach(phase: BootPhase, options?: ToReachOptions): Promise<void>;
  /** On a VM: the next thing the guest does to its power is to switch it off. */
  toPowerOff(options?: PowerMatcherOptions): Promise<void>;
  /** On a VM: the next power event is a reset, by that cause if one is named. */
  toReset(cause?: PowerCause, options?: PowerMatcherOptions): Promise<void>;
  /**
   * On a VM: the guest crashes, by that cause, or with a report's title, an event's cause or evidence that matches; from
   * this call on, one crash is expected.
   */
  toCrash(how?: PowerCause | RegExp, options?: PowerMatcherOptions): Promise<void>;
  /**
   * On a VM: a console reports something with such a title, and that is expected. Call it before the guest does so.
   * @example const reported = expect(vm).toReport(/^WARNING in demo/); … await reported;
   */
  toReport(title?: string | RegExp, options?: PowerMatcherOptions): Promise<void>;
  /** On a VM: the next power event's action ends the VM with this exit code. */
  toExit(code: number, options?: PowerMatcherOptions): Promise<void>;
}

// vitest 5 gives Matchers two type parameters: this is the only place that knows.
declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: it must be declared exactly as vitest declares it
  interface Matchers<T = any> extends PetriMatchers {}
}
