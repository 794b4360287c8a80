import type { PowerCause } from "../../power/event.ts";
import { type PowerMatcherOptions, toCrash, toExit, toPowerOff, toReset } from "./power.ts";
import { type ToPrintOptions, toPrint } from "./to-print.ts";

export const matchers = { toPrint, toPowerOff, toReset, toCrash, toExit };

/** What `expect` can say of a VM and its consoles. */
export interface PetriMatchers {
  /**
   * On a console: the guest prints this, now or later. Looks from where the last one matched.
   * @example await expect(vm.console()).toPrint(/login:/, { timeout: "30s" });
   */
  toPrint(pattern: string | RegExp, options?: ToPrintOptions): Promise<void>;
  /** On a VM: the next thing the guest does to its power is to switch it off. */
  toPowerOff(options?: PowerMatcherOptions): Promise<void>;
  /** On a VM: the next power event is a reset, by that cause if one is named. */
  toReset(cause?: PowerCause, options?: PowerMatcherOptions): Promise<void>;
  /** On a VM: the guest crashes; from this call on, one crash is expected. */
  toCrash(cause?: PowerCause, options?: PowerMatcherOptions): Promise<void>;
  /** On a VM: the next power event's action ends the VM with this exit code. */
  toExit(code: number, options?: PowerMatcherOptions): Promise<void>;
}

// vitest 5 gives Matchers two type parameters: this is the only place that knows.
declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: it must be declared exactly as vitest declares it
  interface Matchers<T = any> extends PetriMatchers {}
}
