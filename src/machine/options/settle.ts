import type { BootKind } from "../boot.ts";
import { busCapacity, type DiskInput, isOptical, opticalBuses } from "../disk.ts";
import type { MachineOverrides } from "../merge.ts";
import { listOf } from "../nearest.ts";
import { showWord } from "../problem.ts";
import type { Draft, DraftDisk } from "./option.ts";

/** What can be known only when every option was seen: boot, controllers by name, positions on IDE. */
export function settle(draft: Draft, wrong: (message: string) => void): MachineOverrides {
  const boot = settleBoot(draft, wrong);
  const disks = settleDisks(draft);
  return { ...draft.machine, ...(boot === undefined ? {} : { boot }), ...(disks.length === 0 ? {} : { disks }) };
}

function settleBoot({ boots, machine }: Draft, wrong: (message: string) => void): MachineOverrides["boot"] {
  const other = boots.find(({ kind }) => kind !== boots[0]?.kind);
  if (boots[0] !== undefined && other !== undefined) wrong(`${boots[0].said} and ${other.said} contradict: keep one`);
  const kind: BootKind | undefined = boots[0]?.kind ?? (machine.boot?.kernel === undefined ? undefined : "kernel");
  if (kind === undefined) return machine.boot;
  const { kernel, initrd, ...rest } = machine.boot ?? {};
  if (kind !== "pcat" || kernel === undefined) return { kind, ...machine.boot };
  wrong(`${boots[0]?.said} and --kernel ${showWord(kernel)} contradict: a BIOS boots disks; keep one`);
  return { kind, ...rest, ...(initrd === undefined ? {} : { initrd }) };
}

/** An image brings what is booted: a second answer to that is a mistake, and neither is taken for the other. */
export function imageProblems({ machine, run }: Draft): string[] {
  const kernel = machine.boot?.kernel;
  if (run.image === undefined || kernel === undefined) return [];
  return [
    `--image ${showWord(run.image)} and --kernel ${showWord(kernel)} contradict: both say what is booted; keep one`,
  ];
}

function settleDisks(draft: Draft): DiskInput[] {
  const { controllers, run } = draft;
  for (const { id, report } of controllers) {
    if (!draft.disks.some(({ on }) => on === id)) {
      report.wrong(`no disk is attached to it: add --disk file:PATH,on=${id}`);
    }
  }
  const placed = draft.disks.map((entry): DraftDisk => ({ ...entry, disk: onBus(entry, draft, run.bus) }));
  return placed.map(({ disk, ideChannel }, index) =>
    ideChannel === undefined ? disk : { ...disk, slot: freeOnChannel(ideChannel, placed, index) },
  );
}

function onBus({ disk, on, report }: DraftDisk, { controllers }: Draft, fallback: Draft["run"]["bus"]): DiskInput {
  if (on !== undefined) {
    const controller = controllers.find(({ id }) => id === on);
    if (controller !== undefined) return { ...disk, bus: controller.bus };
    const known = controllers.map(({ id }) => id);
    const hint =
      known.length === 0 ? `add --vmbus-scsi id=${on} or --nvme-pci id=${on}` : `known are ${listOf(known, "and")}`;
    report.wrong(`there is no controller "${on}": ${hint}`);
    return disk;
  }
  // A dvd stays off a default bus that has no optical drives.
  const fits = fallback !== undefined && (!isOptical(disk) || opticalBuses.includes(fallback));
  return disk.bus === undefined && fits ? { ...disk, bus: fallback } : disk;
}

/** OpenVMM's `s` and `p`: the first free of a channel's two positions; both taken is a clash for the rules to tell. */
function freeOnChannel(channel: number, disks: readonly DraftDisk[], index: number): number {
  const first = channel * 2;
  const same = disks.slice(0, index).filter(({ ideChannel }) => ideChannel === channel).length;
  const said = new Set(disks.flatMap(({ disk }) => (disk.bus === "ide" && disk.slot !== undefined ? [disk.slot] : [])));
  const free = [first, first + 1].filter((slot) => slot < busCapacity.ide && !said.has(slot));
  return free[same] ?? first;
}
