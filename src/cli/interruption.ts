import { setMaxListeners } from "node:events";
import { Interrupted } from "../machine/errors.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/**
 * Turns the first signal into an orderly end: the returned signal aborts with Interrupted, and whoever waits tears
 * down. The second one does not wait; the VMM's death pact takes the guest along.
 */
export function listenForSignals(exitNow: (code: number) => void): AbortSignal {
  const controller = new AbortController();
  // It lives as long as the process; every step of a build listens to it, and that is no leak.
  setMaxListeners(0, controller.signal);
  for (const name of signals) {
    process.on(name, () => {
      if (controller.signal.aborted) exitNow(130);
      controller.abort(new Interrupted(`interrupted by ${name}`));
    });
  }
  return controller.signal;
}
