import type { ImageProgress } from "../../image/recipe.ts";
import { oneLine } from "../../report/escape.ts";

const told = new Set<string>();

/** Building an image takes minutes, once: each step is told once, so that a silent test is no riddle. */
export function tellImageProgress({ image, step }: ImageProgress): void {
  const line = oneLine(`image ${image}: ${step}`);
  if (told.has(line)) return;
  told.add(line);
  process.stderr.write(`${line}\n`);
}
