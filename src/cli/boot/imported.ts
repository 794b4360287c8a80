import { localHost } from "../../host/local.ts";
import { briefMachine } from "../../machine/brief.ts";
import { UsageError } from "../../machine/errors.ts";
import type { Machine } from "../../machine/machine.ts";
import type { MachineFromOptions } from "../../machine/options.ts";
import { namedPrograms, type Settings } from "../../machine/settings.ts";
import { parseMachine } from "../../machine/validate.ts";
import { detectAll, detectionOf, isChoice } from "../../vm/detection.ts";
import { fitMachine } from "../../vmm/fit.ts";
import type { Imported, NotCarried } from "../../vmm/import.ts";
import { vmmNamed, vmms } from "../../vmm/registry.ts";
import { importOperand } from "../import/import-command.ts";
import { withoutForeignFirmware } from "../import/retarget.ts";

/**
 * The machine of `--import`. The disks that it names stay as they are: a command from a bug report is not leave to write
 * to them.
 */
export function importForBoot(command: string): Imported {
  const { machine, notCarried, vmm } = importOperand(command);
  const kept = machine.disks.filter(({ persist }) => persist);
  const disks = machine.disks.map((disk) => ({ ...disk, persist: false }));
  const thrownAway = kept.map(({ file }) => ({ option: `writes to ${file}`, reason: "they are thrown away" }));
  return { vmm, machine: { ...machine, disks }, notCarried: [...notCarried, ...thrownAway] };
}

/** The imported machine, with the options laid over it, fitted to the first VMM that can run it then. */
export async function fitImported(
  options: MachineFromOptions,
  from: string,
  settings: Settings,
  signal: AbortSignal,
): Promise<{ readonly options: MachineFromOptions; readonly changed: readonly NotCarried[] }> {
  const { run, machine } = options;
  if (machine === undefined) throw new UsageError("--import and --image contradict: both say what is booted; keep one");
  const names = run.vmm ? [run.vmm] : (settings.vmm ?? vmms.map(({ name }) => name));
  const overrides = namedPrograms(settings);
  for (const [index, name] of names.entries()) {
    const detection = detectionOf(name, await detectAll(localHost, { overrides, only: [name], signal }));
    if (!run.vmm && settings.vmm === undefined && !isChoice(name, [detection])) continue;
    const own = withoutForeignFirmware(machine, from, name);
    const accelerator = run.accelerator ?? settings.accelerator?.[0];
    const fitted = fitMachine(own.machine, vmmNamed(name), detection, accelerator);
    // The last one's refusals are the answer where none can: prepare() tells them.
    if (fitted.refusals.length > 0 && index < names.length - 1) continue;
    if (fitted.refusals.length > 0 && names.length > 1) break;
    return { options: withMachine(options, fitted.machine, name), changed: [...own.changed, ...fitted.changed] };
  }
  return { options, changed: [] };
}

function withMachine(
  options: MachineFromOptions,
  machine: Machine,
  vmm: NonNullable<MachineFromOptions["run"]["vmm"]>,
) {
  const whole = parseMachine(machine);
  return { ...options, machine: whole, overrides: briefMachine(whole), run: { ...options.run, vmm } };
}
