import type { UserImage as FileImage } from "../image/from-user.ts";
import type { ImageOptions, ResolvedImage } from "../image/recipe.ts";
import { findRecipe } from "../image/support.ts";
import type { BootKind } from "../machine/machine.ts";
import { type MachineOverrides, mergeMachine } from "../machine/merge.ts";
import type { MachinePart } from "../vm/apply-image.ts";
import type { Cell, ImageChoice } from "./cell.ts";

/** The machine of a cell before its image is put in: configuration, below the variant, below the test's own. */
export function machineOf(cell: Cell, ...layers: readonly MachineOverrides[]): MachinePart {
  const [first = {}, ...rest] = layers;
  const merged = rest.reduce(mergeMachine, first);
  // The cell says how to boot; parseMachine names whatever does not belong to that kind.
  return { ...merged, boot: { ...merged.boot, kind: cell.boot } } as MachinePart;
}

export async function imageOf(image: ImageChoice, boot: BootKind, options: ImageOptions): Promise<ResolvedImage> {
  // Finding images is loaded for those who have one: a kernel by its path has none.
  if (typeof image === "string") {
    const { resolveImage } = await import("../image/resolve.ts");
    return await resolveImage(image, boot, options);
  }
  const { imageFromUser } = await import("../image/from-user.ts");
  const { name, boot: _, ready, ...files } = image;
  const said = {
    ...files,
    ready: typeof ready === "string" ? literal(ready) : ready,
    boot: boot !== "kernel" && image.disk !== undefined ? boot : undefined,
  };
  const present = Object.entries(said).filter(([, value]) => value !== undefined);
  // What was left out, or undefined as the schema allows, is now absent; the rest is of the right type already.
  const resolved = await imageFromUser(Object.fromEntries(present) as FileImage, options);
  return { ...resolved, ...(name !== undefined && { name }) };
}

function literal(text: string): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
}

/**
 * The shape of an image that need not be there yet: enough to ask a VMM whether it could boot it, without building or
 * reading anything.
 */
export function imageOutline(image: ImageChoice, boot: BootKind): ResolvedImage {
  const recipe = typeof image === "string" ? findRecipe(image) : undefined;
  const reaches = recipe?.boots[boot];
  const isDisk = typeof image === "string" ? boot !== "kernel" : image.disk !== undefined;
  const initrd = typeof image === "string" ? recipe?.source.kind === "debian" : image.initrd !== undefined;
  return {
    name: recipe?.name ?? "image",
    version: "",
    boot,
    arch: recipe?.arch ?? "x86_64",
    otherKernels: [],
    driver: recipe?.driver ?? "none",
    minMemoryBytes: recipe?.minMemoryBytes ?? 0,
    // What nobody said is no reason to refuse.
    cpuMode: typeof reaches === "number" ? reaches : 16,
    needsDisplay: recipe?.needsDisplay?.includes(boot) ?? false,
    digests: {},
    notes: [],
    ...(isDisk
      ? { disk: { file: "disk.img", format: "raw" as const } }
      : { kernel: { file: "kernel", format: "elf-pvh" as const }, ...(initrd && { initrd: "initrd" }) }),
  };
}
