import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { open } from "node:fs/promises";
import type { ResolvedImage } from "../image/recipe.ts";
import type { Machine } from "../machine/machine.ts";
import type { PlanRecord } from "../trace/plan-record.ts";
import type { Detection, VmmPlan } from "../vmm/contract.ts";

/** Beyond this a file is named by its size and time: hashing it would cost more than the boot. */
const mostBytesHashed = 512 * 2 ** 20;
const pieceBytes = 512 * 1024;

/** What `plan.json` says of a VM: enough to boot it again and to see that nothing has changed. */
export function planRecordOf(
  plan: VmmPlan,
  detection: Detection,
  digests: Readonly<Record<string, string>>,
): PlanRecord & Omit<VmmPlan, "run"> {
  const versions = { node: process.version, ...(detection.version ? { [detection.vmm]: detection.version } : {}) };
  return { ...plan, versions, digests };
}

/** Every file of the host that the guest can read from. */
export function filesOf(machine: Machine, plan: VmmPlan): string[] {
  const { boot } = machine;
  const direct = boot.kind === "pcat" ? [] : [boot.kernel, boot.initrd];
  const named = [
    ...direct,
    machine.memory.file,
    ...machine.disks.filter((disk) => !disk.persist).map(({ file }) => file),
  ];
  return [...named, ...plan.copies.map(({ from }) => from)].filter((path) => path !== undefined);
}

/** `sha256:…` of each file, or `stat:SIZE-MTIME` of one too large to read; a known digest is taken as it is. */
export async function digestFiles(
  files: readonly string[],
  known: ResolvedImage["digests"],
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const file of files) {
    digests[file] = known[file] ? `sha256:${known[file]}` : await digestFile(file, signal);
  }
  return digests;
}

async function digestFile(file: string, signal: AbortSignal): Promise<string> {
  const { size, mtimeMs } = statSync(file);
  if (size > mostBytesHashed) return `stat:${size}-${mtimeMs}`;
  const hash = createHash("sha256");
  const handle = await open(file);
  try {
    // One buffer, read anew each time: the guest is booting meanwhile, and a kernel may have 50 MB.
    const buffer = Buffer.allocUnsafeSlow(pieceBytes);
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return `sha256:${hash.digest("hex")}`;
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}
