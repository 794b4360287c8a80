import type { Host } from "../host/host.ts";
import { HostError } from "../machine/errors.ts";

/** Copies a file for one VM. Throws HostError that says what to do. */
export function copy(host: Host, from: string, to: string): void {
  try {
    host.copyFile(from, to);
  } catch (cause) {
    const advice = "make room there, or set PETRI_RUN_ROOT to another folder";
    throw new HostError(`${from} cannot be copied to ${to}: ${(cause as Error).message}\n  ${advice}`, { cause });
  }
}
