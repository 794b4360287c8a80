import { basename } from "node:path";
import type { UserImage as FileImage } from "../image/from-user.ts";
import { findRecipe } from "../image/support.ts";
import type { BootKind } from "../machine/machine.ts";
import type { MachineOverrides } from "../machine/merge.ts";
import type { AcceleratorName, VmmName } from "../machine/placement.ts";
import type { UserImage } from "../machine/user-image.ts";
import type { CellName } from "../report/model.ts";

/** The user's own kernel or disk, as in `petri.config.ts`, and what only a test may have to say of it. */
type OwnImage = UserImage & Pick<FileImage, "format" | "driver" | "shellPrompt" | "minMemoryBytes">;

/** A name from the catalogue or the configuration, or an image of the user's own. */
export type ImageChoice = string | OwnImage;

/** One point of the matrix: where and how a test's machine runs. */
export interface Cell {
  readonly vmm: VmmName;
  /** The best one that works, if absent. */
  readonly accelerator?: AcceleratorName;
  readonly boot: BootKind;
  readonly image: ImageChoice;
  /** A named variant of the machine, from the matrix's `machine` axis. */
  readonly variant?: { readonly name: string; readonly machine: MachineOverrides };
  /** Set where the VMM is a double: the cell's name says so, and it is none of the real one's. */
  readonly isDouble?: boolean;
  /** Why the matrix leaves this cell out. */
  readonly leftOut?: string;
}

export function imageName(image: ImageChoice): string {
  if (typeof image === "string") return findRecipe(image).name;
  return image.name ?? basename(image.kernel ?? image.disk ?? "image");
}

export function cellName(cell: Cell): CellName {
  const { boot, accelerator, isDouble } = cell;
  const vmm = isDouble ? `${cell.vmm} (double)` : cell.vmm;
  return { vmm, boot, image: imageName(cell.image), ...(accelerator !== undefined && { accelerator }) };
}

/** `powers off [qemu pcat petri-guest]`: the same on every host and in every run. */
export function testName(title: string, cell: Cell): string {
  const { vmm, boot, image, accelerator } = cellName(cell);
  const words = [vmm, boot, image, ...(accelerator === undefined ? [] : [accelerator])];
  return `${variantTitle(title, cell)} [${words.join(" ")}]`;
}

export function variantTitle(title: string, cell: Cell): string {
  return cell.variant ? `${title}, ${cell.variant.name}` : title;
}
