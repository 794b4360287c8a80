import { leave } from "./reporters/leave.ts";

/**
 * A worker leaves signals to the main process. Ctrl-C reaches the whole process group of the terminal: a worker that
 * died of it could not end its VMs, so it waits for vitest to cancel the run. SIGTERM is how vitest ends a worker that
 * is done: leaving by `exit` removes its run directory.
 */
export function holdSignals(): void {
  process.on("SIGINT", () => {});
  process.on("SIGHUP", () => {});
  process.on("SIGTERM", () => {
    try {
      leave();
    } catch {
      // vitest forbids leaving while tests run. It was for the whole group, as timeout(1) does it, and the main process
      // cancels the run; or vitest wants this worker gone, and kills it next.
    }
  });
}
