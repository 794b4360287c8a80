import { setMaxListeners } from "node:events";

/** Ends things that any number of others may wait for. */
export function sharedController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** A signal that follows others, until it is released. */
export interface AnySignal {
  readonly signal: AbortSignal;
  release(): void;
}

/**
 * Aborts with the first of several signals. AbortSignal.any() does too, but Node 20 may collect one that follows another
 * such, or a timeout, and then it never aborts: a wait would hang.
 */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AnySignal {
  const controller = new AbortController();
  const given = signals.filter((signal) => signal !== undefined);
  const stops = given.map((signal) => {
    const abort = () => controller.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
    return () => signal.removeEventListener("abort", abort);
  });
  const release = () => {
    for (const stop of stops) stop();
  };
  return { signal: controller.signal, release };
}
