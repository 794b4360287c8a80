import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VirtualMachine } from "petri-vm";
import { expect } from "petri-vm/test";
import { onTestFinished } from "vitest";

/** Types a command at the guest's shell, and waits for what it must print. */
type Says = (command: string, answer: RegExp | string) => Promise<void>;

/** The guest's shell once it is up, and its kernel silent: what drivers find would land in the middle of answers. */
export async function quietShell(vm: VirtualMachine): Promise<Says> {
  const says: Says = async (command, answer) => {
    vm.console().sendLine(command);
    await expect(vm.console()).toPrint(answer);
  };
  await vm.guest.ready();
  await says("dmesg -n 1; echo quiet=$?", /^quiet=0\r?$/m);
  return says;
}

/** A file with these bytes, gone with the test. */
export function fileWith(name: string, bytes: Buffer): { file: string; digest: () => string } {
  const folder = mkdtempSync(join(tmpdir(), "petri-disk-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return { file, digest: () => createHash("sha256").update(readFileSync(file)).digest("hex") };
}
