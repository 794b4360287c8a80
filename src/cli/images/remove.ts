import { removeImage } from "../../image/status.ts";
import { findRecipe } from "../../image/support.ts";
import { humanSize } from "../../machine/size.ts";

export async function removeImages(names: readonly string[], signal: AbortSignal): Promise<number> {
  // A name that is wrong is told before anything is gone.
  for (const name of names) findRecipe(name);
  for (const name of names) {
    const freed = await removeImage(name, { signal });
    const what = freed > 0 ? `removed, ${humanSize(freed)} free again` : "nothing built to remove";
    process.stdout.write(`${name}: ${what}\n`);
  }
  return 0;
}
