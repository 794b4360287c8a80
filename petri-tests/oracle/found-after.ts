import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { VirtualMachine, VmFinding } from "petri-vm";

interface ConsoleChunk {
  readonly t: number;
  readonly kind: string;
  readonly console?: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * Seconds from the arrival of a report's first byte to the finding, both on the clock of the VM's trace. Ends the VM,
 * so that its record is whole.
 */
export async function foundAfter(vm: VirtualMachine, findings: readonly VmFinding[]): Promise<number[]> {
  await vm.quit();
  const lines = readFileSync(join(vm.traceDir, "events.jsonl"), "utf8").trimEnd().split("\n");
  const chunks = lines.map((line) => JSON.parse(line) as ConsoleChunk).filter(({ kind }) => kind === "console");
  return findings.map(({ console, offset, at }) => {
    const first = chunks.find((chunk) => chunk.console === console && offset < chunk.offset + chunk.length);
    // Not a number, and so not soon, where the record does not tell.
    return (at - (first?.t ?? Number.NaN)) / 1e9;
  });
}
