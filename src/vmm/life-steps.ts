import type { Host } from "../host/host.ts";
import type { NativeProcess } from "../host/process.ts";
import { HostError, VmmError } from "../machine/errors.ts";
import type { VmmPlan } from "./contract.ts";
import { copy } from "./copy.ts";

// What the lives of all VMMs have in common.

/** How long a VMM may take to end by itself once asked, before it is killed. */
const quitGraceMs = 5_000;

/** How long a VMM may take to start: far longer than any does, unless it has gigabytes of memory to prepare. */
const startMs = 120_000;

/** Makes the files that the plan wants before the VMM starts. Rejects with HostError. */
export async function makeFiles(plan: VmmPlan, host: Host, signal: AbortSignal | undefined): Promise<void> {
  for (const { from, to } of plan.copies) copy(host, from, to);
  for (const { from, format, to } of plan.conversions ?? []) {
    if (host.which("qemu-img") === undefined) {
      throw new HostError(
        `${from} is ${format}, and has to be made into a raw image, but qemu-img is not here\n  sudo apt-get install -y qemu-utils`,
      );
    }
    const driver = format === "vhd" ? "vpc" : format;
    await host.run("qemu-img", ["convert", "-f", driver, "-O", "raw", from, to], signal ? { signal } : {});
  }
}

/** Resolves when a process that was asked to end has ended, or was killed because it took too long. */
export async function endedOrKilled(process: NativeProcess): Promise<void> {
  const kill = setTimeout(() => process.kill("SIGKILL"), quitGraceMs);
  await process.ended;
  clearTimeout(kill);
}

/** Rejects with the signal's reason; holds on to it no longer than until `done`. */
export function aborted(signal: AbortSignal | undefined, done: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true, signal: done });
  });
}

/** Rejects when a VMM that neither starts nor ends has had its time; `what` says what did not happen. */
export function outOfTime(what: string, logTail: () => string, done: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const late = () => {
      const said = logTail();
      reject(new VmmError(`${what} within ${startMs / 1000} s${said ? `\n  it said: ${said}` : ""}`));
    };
    const timer = setTimeout(late, startMs);
    done.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}
