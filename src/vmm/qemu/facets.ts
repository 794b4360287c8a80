import { z } from "zod";
import { VmmError } from "../../machine/errors.ts";
import type { Facets, VmmPlan } from "../contract.ts";
import type { QmpClient } from "../qmp.ts";
import type { GuestSleep } from "./guest-sleep.ts";

const registersOfAll = { "command-line": "info registers -a" };
/** RFLAGS.IF (Intel SDM vol. 1 §3.4.3). */
const interruptFlag = 0x200;

/** What QEMU can do besides running the guest. */
export function qemuFacets(qmp: QmpClient, plan: VmmPlan, sleep: GuestSleep): Partial<Facets> {
  // QMP itself has no command for registers; the monitor's is QEMU's own (hmp-commands-info.hx).
  const registers = async () => z.string().parse(await qmp.execute("human-monitor-command", registersOfAll));
  // QEMU records nothing of what comes by QMP.
  const fromOutside: Partial<Facets> = plan.isRecorded
    ? {}
    : {
        powerButton: async () => void (await qmp.execute("system_powerdown")),
        nmi: async () => void (await qmp.execute("inject-nmi")),
        wake: () => sleep.wake(),
      };
  return {
    ...fromOutside,
    registers,
    isHaltedForGood: async () => haltedForGood(await registers()),
    dumpMemory: async (path) =>
      void (await qmp.execute("dump-guest-memory", { paging: false, protocol: `file:${path}` })),
    gdb: async (path) => {
      const told = z.string().parse(await qmp.execute("human-monitor-command", gdbServerOn(path)));
      // The monitor has no other way to refuse (gdbserver of hmp-commands.hx).
      if (!told.startsWith("Waiting for gdb connection"))
        throw new VmmError(`QEMU opens no gdb server: ${told.trim()}`);
    },
    ...(plan.run.args.includes("std")
      ? { screenshot: async (filename) => void (await qmp.execute("screendump", { filename, format: "png" })) }
      : {}),
  };
}

/** A comma ends a value of a character device, unless it is doubled (QemuOpts). */
function gdbServerOn(path: string): { "command-line": string } {
  return { "command-line": `gdbserver unix:${path.replaceAll(",", ",,")},server=on,wait=off` };
}

/** Whether every vCPU of `info registers -a` is in HLT with interrupts off. */
export function haltedForGood(registers: string): boolean {
  const flags = [...registers.matchAll(/\b[ER]FL(?:AGS)?=([0-9a-f]+)\b[^\n]*\bHLT=([01])/g)];
  return (
    flags.length > 0 && flags.every(([, rfl = "", hlt]) => hlt === "1" && !(Number.parseInt(rfl, 16) & interruptFlag))
  );
}
