import type { ImageOptions, ResolvedImage } from "../image/recipe.ts";
import { ImageUnavailable } from "../image/unavailable.ts";
import type { Cell } from "./cell.ts";
import { imageOf } from "./cell-machine.ts";

/** A network that does not answer takes its time to say so: each worker asks once. */
const unavailable = new Map<string, ImageUnavailable>();

/**
 * The cell's image, or the reason why its test is skipped: what the image is built from cannot be had here. Throws that
 * instead where the VMM is promised (`--require`), and whatever else goes wrong.
 */
export async function imageOfCell(
  { image, boot, vmm }: Cell,
  promised: readonly string[],
  options: ImageOptions,
): Promise<ResolvedImage | string> {
  if (typeof image !== "string") return await imageOf(image, boot, options);
  try {
    const known = unavailable.get(image);
    if (known) throw known;
    return await imageOf(image, boot, options);
  } catch (error) {
    if (!(error instanceof ImageUnavailable)) throw error;
    unavailable.set(image, error);
    if (promised.includes(vmm)) throw error;
    return `${image} cannot be built here: ${error.message.split("\n", 1)[0]}`;
  }
}
