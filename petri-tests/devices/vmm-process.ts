import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { VirtualMachine } from "petri-vm";

/** The process that runs the VM, as its record tells. */
export function pidOf(vm: VirtualMachine): number {
  const events = readFileSync(join(vm.traceDir, "events.jsonl"), "utf8").split("\n");
  const spawned = events.find((line) => line.includes('"spawned"')) ?? "{}";
  return (JSON.parse(spawned) as { pid: number }).pid;
}
