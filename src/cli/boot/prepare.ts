import { localHost } from "../../host/local.ts";
import type { ResolvedImage } from "../../image/recipe.ts";
import { findRecipe } from "../../image/support.ts";
import { busOf } from "../../machine/disk.ts";
import { UnsupportedError, UsageError } from "../../machine/errors.ts";
import type { BootKind, Machine } from "../../machine/machine.ts";
import type { MachineOverrides } from "../../machine/merge.ts";
import type { MachineFromOptions } from "../../machine/options.ts";
import type { Placement, VmmName } from "../../machine/placement.ts";
import { problem } from "../../machine/problem.ts";
import { machineFrom } from "../../machine/relative-paths.ts";
import { namedPrograms, type Settings } from "../../machine/settings.ts";
import { parseMachine } from "../../machine/validate.ts";
import type { ImageChoice } from "../../testing/cell.ts";
import { imageOf, imageOutline } from "../../testing/cell-machine.ts";
import { judge, missingReasons } from "../../testing/cell-support.ts";
import { applyImage, type MachinePart } from "../../vm/apply-image.ts";
import { checkFiles } from "../../vm/check-files.ts";
import { detectAll, isChoice, supportReasons } from "../../vm/detection.ts";
import type { Detection } from "../../vmm/contract.ts";
import { vmms } from "../../vmm/registry.ts";

import { sayProgress } from "./say-progress.ts";

/** A machine that can run, and where: all that `boot()` wants to know. */
export interface Prepared {
  readonly machine: MachinePart;
  readonly image?: ResolvedImage;
  readonly placement: Partial<Placement>;
  readonly detections: readonly Detection[];
  /** The machine with everything filled in. */
  readonly whole: Machine;
}

export interface PrepareOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}

/**
 * Checks a machine and its files, finds the first VMM that can run it, and builds its image, in this order: what is
 * wrong is told before anything takes time. Throws UsageError, UnsupportedError or HostError.
 */
export async function prepare(
  { overrides, run, say }: MachineFromOptions,
  settings: Settings,
  options: PrepareOptions,
): Promise<Prepared> {
  const choice = run.image === undefined ? undefined : (settings.images[run.image] ?? run.image);
  const kind = overrides.boot?.kind ?? (choice === undefined ? "kernel" : usualBoot(choice));
  // A machine without an image says its boot in full; one with an image gets it from there.
  const machine = { ...overrides, boot: { ...overrides.boot, kind } } as MachinePart;
  const outline = choice === undefined ? undefined : imageOutline(choice, kind);
  if (outline?.disk) refuseSlotOfImage(overrides, run.image ?? "", kind, say);
  const draft = parseMachine(outline ? applyImage(machine, outline) : machine);
  if (!outline) checkFiles(draft, say);

  const wanted = {
    vmm: run.vmm,
    accelerator: run.accelerator ?? settings.accelerator?.[0],
    host: run.host ?? settings.host,
  };
  const place = await findPlace({ machine, draft, choice, kind }, wanted, settings, options);
  // From here on paths are whole: the record must mean the same from another folder.
  const absolute = withWholePaths(overrides, kind) as MachinePart;
  if (choice === undefined) return { machine: absolute, ...place, whole: draft };
  const image = await imageOf(choice, kind, {
    signal: options.signal,
    onProgress: (progress) => options.onProgress(sayProgress(progress)),
  });
  return { machine: absolute, image, ...place, whole: parseMachine(applyImage(machine, image)) };
}

/** In the words of the command line; parseMachine knows the image's disk by its file only. */
function refuseSlotOfImage(
  { disks = [] }: MachineOverrides,
  image: string,
  kind: BootKind,
  say: MachineFromOptions["say"],
): void {
  const own = busOf({ file: "disk" }, kind);
  const problems = disks.flatMap((disk, index) =>
    disk.slot === 0 && busOf(disk, kind) === own
      ? [problem(["disks", index, "slot"], `slot 0 of ${own} has the disk of --image ${image}: choose another`)]
      : [],
  );
  if (problems.length > 0) throw UsageError.of(problems.map(say));
}

function withWholePaths(overrides: MachineOverrides, kind: BootKind): MachineOverrides {
  const { boot, ...rest } = machineFrom(overrides, process.cwd());
  return { ...rest, boot: { ...boot, kind } };
}

/** The quickest way: a kernel needs no firmware, a BIOS is quicker than UEFI. */
function usualBoot(choice: ImageChoice): BootKind {
  if (typeof choice !== "string") return choice.boot?.[0] ?? (choice.kernel === undefined ? "uefi" : "kernel");
  const { boots } = findRecipe(choice);
  return (["kernel", "pcat", "uefi"] as const).find((kind) => typeof boots[kind] === "number") ?? "kernel";
}

interface Wanted {
  readonly machine: MachinePart;
  readonly draft: Machine;
  readonly choice: ImageChoice | undefined;
  readonly kind: BootKind;
}

/** Only the VMMs that are asked are looked at: the first that can is taken. */
async function findPlace(
  what: Wanted,
  wanted: { [K in keyof Placement]?: Placement[K] | undefined },
  settings: Settings,
  { signal, onProgress }: PrepareOptions,
): Promise<Pick<Prepared, "placement" | "detections">> {
  const names: readonly VmmName[] = wanted.vmm ? [wanted.vmm] : (settings.vmm ?? vmms.map(({ name }) => name));
  const refusals: string[] = [];
  for (const vmm of names) {
    onProgress(`looking at what ${vmm} can do here`);
    const overrides = namedPrograms(settings);
    const detections = await detectAll(localHost, { overrides, only: [vmm], signal });
    if (!wanted.vmm && settings.vmm === undefined && !isChoice(vmm, detections)) continue;
    const placement = {
      vmm,
      host: wanted.host ?? "local",
      ...(wanted.accelerator === undefined ? {} : { accelerator: wanted.accelerator }),
    };
    const reasons = reasonsAgainst(what, placement, detections);
    if (reasons.length === 0) return { placement, detections };
    refusals.push(...reasons.map((reason) => (reason.startsWith(vmm) ? reason : `${vmm}: ${reason}`)));
  }
  throw UnsupportedError.of(refusals, "no VMM here can run this machine");
}

function reasonsAgainst(what: Wanted, placement: Placement, detections: readonly Detection[]): string[] {
  const { vmm, accelerator } = placement;
  const cell = {
    ...{ vmm, boot: what.kind, image: what.choice ?? "petri-guest" },
    ...(accelerator === undefined ? {} : { accelerator }),
  };
  const missing = missingReasons(cell, detections[0] ?? noDetection(placement.vmm));
  if (missing.length > 0) return missing;
  if (what.choice === undefined || placement.host !== "local") return supportReasons(what.draft, placement, detections);
  const verdict = judge(cell, what.machine, [], { detections, filters: { require: [] }, unbuildable: {} });
  return verdict.kind === "runs" ? [] : [verdict.reason];
}

function noDetection(vmm: VmmName): Detection {
  return { vmm, present: false, notes: ["not carried yet"], fixes: [], accelerators: [], firmware: [] };
}
