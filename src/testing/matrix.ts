import { findRecipe } from "../image/support.ts";
import { type BootKind, bootKinds } from "../machine/boot.ts";
import type { MachineOverrides } from "../machine/merge.ts";
import type { AcceleratorName, VmmName } from "../machine/placement.ts";
import type { Cell, ImageChoice } from "./cell.ts";
import { type CellFilters, type RunContext, runContext } from "./run-context.ts";

type OneOrMore<T> = T | readonly T[];

/** The axes of a matrix. One that is left out takes every value that makes sense here. */
export interface Axes {
  /**
   * Every VMM that this kind of host can have and every double that was named, or those of `--vmm`. OpenVMM, which has to
   * be built, counts where it is here or named.
   */
  readonly vmm?: OneOrMore<VmmName>;
  /** The best one that works, without naming it in the test's name. */
  readonly accelerator?: OneOrMore<AcceleratorName>;
  /** Every way the image boots. */
  readonly boot?: OneOrMore<BootKind>;
  /** `petri-guest`. */
  readonly image?: OneOrMore<ImageChoice>;
  /** Named variants of the machine: `{ small: { memory: { size: "512M" } }, big: { … } }`. */
  readonly machine?: Readonly<Record<string, MachineOverrides>>;
  /** `true` drops the cell; a text skips it and is the reason shown. */
  readonly except?: (cell: Cell) => boolean | string | undefined;
}

/**
 * The cells a test runs in, in the order written: VMM by VMM, then accelerator, boot, image, machine. Throws UsageError
 * for an image that is not in the catalogue.
 *
 * @example vmTest("boots", { on: matrix({ boot: ["uefi", "pcat"], image: "petri-guest" }) }, async ({ vm }) => { … });
 */
export function matrix(axes: Axes = {}): readonly Cell[] {
  return cellsOf(axes, runContext());
}

export function cellsOf(axes: Axes, run: Pick<RunContext, "filters" | "detections" | "images">): readonly Cell[] {
  const { filters } = run;
  const carried = run.detections
    .filter((each) => each.present || !(each.needsHost || each.isUnasked))
    .map(({ vmm }) => vmm);
  const doubles = run.detections.filter(({ isDouble }) => isDouble).map(({ vmm }) => vmm);
  const images = (listOf<ImageChoice>(axes.image) ?? ["petri-guest"]).map((image) => named(image, run.images));
  const variants = Object.entries(axes.machine ?? {}).map(([name, machine]) => ({ name, machine }));
  const cells: Cell[] = [];
  for (const vmm of listOf(axes.vmm) ?? filters.vmm ?? carried) {
    for (const accelerator of listOf(axes.accelerator) ?? [undefined]) {
      for (const boot of listOf(axes.boot) ?? filters.boot ?? bootKinds) {
        for (const image of images) {
          // A kind of boot that nobody named is not worth a skip where the image lacks it.
          if (axes.boot === undefined && !boots(image, boot)) continue;
          for (const variant of variants.length > 0 ? variants : [undefined]) {
            const cell: Cell = {
              ...{ vmm, boot, image, ...(accelerator && { accelerator }), ...(variant && { variant }) },
              ...(doubles.includes(vmm) && { isDouble: true }),
            };
            cells.push(...kept(cell, axes.except, filters));
          }
        }
      }
    }
  }
  return cells;
}

function kept(cell: Cell, except: Axes["except"], filters: CellFilters): Cell[] {
  const verdict = except?.(cell);
  if (verdict === true) return [];
  const leftOut = typeof verdict === "string" && verdict !== "" ? verdict : filteredOut(cell, filters);
  return [leftOut === undefined ? cell : { ...cell, leftOut }];
}

function filteredOut({ vmm, accelerator, boot }: Cell, filters: CellFilters): string | undefined {
  if (filters.vmm && !filters.vmm.includes(vmm)) return `left out by --vmm ${filters.vmm.join(",")}`;
  if (filters.boot && !filters.boot.includes(boot)) return `left out by --boot ${filters.boot.join(",")}`;
  if (accelerator && filters.accelerator && !filters.accelerator.includes(accelerator)) {
    return `left out by --hypervisor ${filters.accelerator.join(",")}`;
  }
  return undefined;
}

/** A name may be of an image in the configuration; one in the catalogue is known by its name alone. */
function named(image: ImageChoice, own: RunContext["images"]): ImageChoice {
  const found = typeof image === "string" ? own[image] : undefined;
  return found && typeof image === "string" ? { name: image, ...found } : image;
}

function boots(image: ImageChoice, boot: BootKind): boolean {
  if (typeof image === "string") return typeof findRecipe(image).boots[boot] === "number";
  return (image.boot ?? (image.kernel === undefined ? ["uefi", "pcat"] : ["kernel"])).includes(boot);
}

function listOf<T extends string | object>(value: OneOrMore<T> | undefined): readonly T[] | undefined {
  if (value === undefined) return undefined;
  // Neither a name nor an image is an array.
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
