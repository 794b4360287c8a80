import type { Vitest } from "vitest/node";
import type { RunContext } from "./run-context.ts";

/**
 * What `petri test` was told, handed to the plugin of the vitest it starts. Flags are as written and mean what they
 * mean to every command (settings.ts); the rest is about test runs only.
 */
export interface RunOptions {
  /** By the names of the flags: `vmm`, `boot`, `require`, `keep-traces` … */
  readonly flags?: Readonly<Record<string, string | undefined>>;
  /** How many cells must have run, or a file that says so. */
  readonly floor?: number | string | undefined;
  /** Keep the VMs of a test that fails until somebody has looked at them. */
  readonly pause?: boolean;
}

/** How a run went, for the one who started it. */
export interface RunVerdict {
  exitCode: number;
}

/** Opens the run's session: what the plugin does first. */
type Open = (vitest: Vitest) => Promise<{ readonly context: RunContext }>;

interface Slot {
  readonly options: RunOptions;
  readonly open: Open;
  verdict: RunVerdict | undefined;
}

// The plugin may come from another copy of our modules: vite bundles a configuration file with all it imports that is
// not in node_modules. What belongs to the process, such as its run directory, must then be of one copy.
const slot = Symbol.for("petri.test-run");
const holder = globalThis as { [slot]?: Slot };

export function leaveOptions(options: RunOptions, open: Open): void {
  holder[slot] = { options, open, verdict: undefined };
}

/** Nothing was left: plain vitest. */
export function leftOpen(): Open | undefined {
  return holder[slot]?.open;
}

export function leftOptions(): RunOptions {
  return holder[slot]?.options ?? {};
}

export function leaveVerdict(verdict: RunVerdict): void {
  if (holder[slot]) holder[slot].verdict = verdict;
}

export function leftVerdict(): RunVerdict | undefined {
  return holder[slot]?.verdict;
}
