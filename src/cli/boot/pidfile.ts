import { rmSync, writeFileSync } from "node:fs";
import { HostError } from "../../machine/errors.ts";

/**
 * OpenVMM's `--pidfile`: the id of the process whose life is the VM's, and that is this one; a signal to it ends the VM
 * in order. Returns what removes it.
 */
export function writePidfile(path: string): () => void {
  try {
    writeFileSync(path, `${process.pid}\n`);
  } catch (error) {
    throw new HostError(`--pidfile ${path} cannot be written: ${(error as Error).message}`, { cause: error });
  }
  return () => rmSync(path, { force: true });
}
