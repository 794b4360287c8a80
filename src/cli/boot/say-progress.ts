import type { ImageProgress } from "../../image/recipe.ts";

/** One step of an image's build, as it stands in the progress line. */
export function sayProgress({ image, step, detail, fraction }: ImageProgress): string {
  const percent = fraction === undefined ? "" : ` ${Math.round(fraction * 100)} %`;
  return `building ${image}: ${step}${detail === undefined ? "" : ` ${detail}`}${percent}`;
}
