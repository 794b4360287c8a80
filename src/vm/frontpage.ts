import type { Machine } from "../machine/machine.ts";
import { elapsed } from "../trace/append.ts";
import type { RunningVmm, VmmEvent } from "../vmm/contract.ts";
import type { ConsoleSet } from "./console-set.ts";

/**
 * EDK2's boot device selection, when no device is bootable: it says so, or falls back to the shell in the firmware
 * volume (`Fv(`); a shell from a disk is the user's own.
 */
const nothingBootable = /^BdsDxe: (No bootable option or device was found|starting Boot\w+ "[^"\n]*" from Fv\()/;

/**
 * OpenVMM's `--disable-frontpage` on firmware that has no such switch: the VM is stopped, and reported as shut down,
 * when the console shows that the firmware found nothing to boot.
 */
export function watchFrontpage(
  machine: Machine,
  running: RunningVmm,
  consoles: ConsoleSet,
  clockStart: bigint,
): RunningVmm {
  const console = consoles.unwatched("com1");
  if (machine.boot.kind !== "uefi" || machine.boot.frontpage || !console) return running;
  const listeners: ((event: VmmEvent) => void)[] = [];
  const watch = async () => {
    const match = await console.cursor("start").expect(nothingBootable, { timeout: 2 ** 31 - 1 });
    await running.pause();
    const event: VmmEvent = {
      kind: "shutdown",
      cause: "unknown",
      confidence: "inferred",
      evidence: [`com1: ${match.text}`, "the firmware's front page is disabled, so the VM was powered off"],
      at: elapsed(clockStart),
      offsets: consoles.ends(),
    };
    for (const listener of listeners) listener(event);
  };
  // The wait ends with the VM; then there is nothing to report.
  watch().catch(() => {});
  return {
    ...running,
    onEvent: (listener) => {
      listeners.push(listener);
      running.onEvent(listener);
    },
  };
}
