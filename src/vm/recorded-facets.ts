import { relative, resolve } from "node:path";
import type { UntimedEvent } from "../trace/event.ts";
import type { Facets, RunningVmm } from "../vmm/contract.ts";

/**
 * The same abilities, with paths from the trace's folder on, since the VMM's own working folder goes away with the VM;
 * the record says what was left there.
 */
export function recordedFacets(
  facets: RunningVmm["facets"],
  traceDir: string,
  note: (event: UntimedEvent) => void,
): Partial<Facets> {
  const { screenshot, dumpMemory, gdb } = facets;
  const recorded = (write: (path: string) => Promise<void>, event: (file: string) => UntimedEvent) => {
    return async (path: string) => {
      const full = resolve(traceDir, path);
      await write(full);
      const file = relative(resolve(traceDir), full);
      // Whatever is elsewhere is no part of the record.
      if (!file.startsWith("../")) note(event(file));
    };
  };
  return {
    ...facets,
    ...(gdb && { gdb: async (path: string) => await gdb(resolve(traceDir, path)) }),
    ...(screenshot && { screenshot: recorded(screenshot, (file) => ({ kind: "picture", file })) }),
    ...(dumpMemory && {
      dumpMemory: recorded(dumpMemory, (file) => ({ kind: "note", text: `memory of the guest: ${file}` })),
    }),
  };
}
