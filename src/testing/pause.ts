import type { TestError } from "vitest";
import { UsageError } from "../machine/errors.ts";
import { KeepServer } from "../vm/kept/keep-server.ts";
import type { VirtualMachine } from "../vm/virtual-machine.ts";
import { tellKept } from "./reporters/tell-kept.ts";

/** Variables by which CI systems say that nobody sits at the terminal. */
const off = ["", "0", "false"];

/** Throws UsageError in a CI job: it would wait for somebody until the job's own time is over. */
export function checkPause(env: NodeJS.ProcessEnv = process.env): void {
  if (off.includes(env.CI ?? "")) return;
  throw new UsageError(
    `--pause waits until somebody looks at a failing test's VM, and in CI (CI=${env.CI}) nobody does\n  leave it out there: the trace of each failure is kept, and petri repro boots its machine again`,
  );
}

export interface PausedTest {
  readonly name: string;
  /** Ends the wait: the run was interrupted. */
  readonly signal: AbortSignal;
}

/**
 * Keeps the VMs of a test that has failed, frozen, until somebody discards them, the VMM ends or the run is
 * interrupted. Those that are over have nothing to show.
 */
export async function pauseVms(
  { name, signal }: PausedTest,
  vms: readonly VirtualMachine[],
  error: Error | TestError | undefined,
): Promise<void> {
  const failure = error?.message.split("\n")[0] ?? "it failed";
  const alive = vms.filter((vm) => vm.state !== "ended");
  if (signal.aborted || alive.length === 0) return;
  const servers: KeepServer[] = [];
  try {
    const waits = [];
    for (const vm of alive) {
      const kept = vm.kept();
      await kept.freeze();
      const server = await KeepServer.open(kept, { test: name, failure });
      servers.push(server);
      waits.push(Promise.race([server.discarded, kept.ended]));
      tellKept({ name: server.name, test: name, failure, state: kept.state, vmm: kept.vmm });
    }
    const interrupted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    await Promise.race([Promise.all(waits), interrupted]);
  } finally {
    for (const server of servers) server.close();
  }
}
