import type { Vitest } from "vitest/node";
import { Interrupted } from "../machine/errors.ts";
import { leave } from "./reporters/leave.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Ending every VM takes 15 s at most. */
const longestEndMs = 25_000;

/**
 * Ctrl-C as an orderly end. vitest leaves within a millisecond of it, so no test could end its VMs; here the run is
 * cancelled, tests end what they have, reports are written. A second signal does not wait: workers and VMs die with us.
 */
export class Interruption {
  readonly signal: AbortSignal;
  private readonly aborter = new AbortController();

  constructor(vitest: Vitest) {
    this.signal = this.aborter.signal;
    for (const name of signals) {
      const others = process.rawListeners(name);
      const listener = () => this.interrupt(vitest, name);
      // Ours first: without any listener for a moment, a signal that is on its way would be lost.
      process.on(name, listener);
      for (const other of others) process.off(name, other as () => void); // a signal's listeners need no arguments
      vitest.onClose(() => void process.off(name, listener));
    }
  }

  /** vitest forgets a cancellation that came before its run began: to be called when it has. */
  insist(vitest: Vitest): void {
    if (this.signal.aborted) void vitest.cancelCurrentRun("keyboard-input");
  }

  private interrupt(vitest: Vitest, name: string): void {
    if (this.signal.aborted) leave(130);
    process.exitCode = 130;
    vitest.logger.error(`\n${name}: ending every VM; once more to leave at once`);
    this.aborter.abort(new Interrupted(`interrupted by ${name}`));
    setTimeout(() => leave(130), longestEndMs).unref();
    void vitest.cancelCurrentRun("keyboard-input");
  }
}
