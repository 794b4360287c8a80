import type { Guest } from "../guest/driver.ts";
import type { Waits } from "../power/wait.ts";

/** The same guest, whose every answer is known to be awaited or not: a command that nobody awaits asserts nothing. */
export function watchedGuest(guest: Guest, waits: Waits): Guest {
  function watched<A extends readonly unknown[], T>(name: string, ask: (...args: A) => Promise<T>) {
    return (...args: A): Promise<T> =>
      waits.start<T>(`guest.${name}(${args.map((arg) => JSON.stringify(arg)).join(", ")})`, (resolve, reject) => {
        ask(...args).then(resolve, reject);
      });
  }
  return {
    ready: watched("ready", guest.ready),
    shutdown: watched("shutdown", guest.shutdown),
    reset: watched("reset", guest.reset),
    hang: watched("hang", guest.hang),
    watchdog: watched("watchdog", guest.watchdog),
    tripleFault: watched("tripleFault", guest.tripleFault),
    echo: watched("echo", guest.echo),
    info: watched("info", guest.info),
    flood: watched("flood", guest.flood),
  };
}
