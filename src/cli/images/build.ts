import { resolveImage } from "../../image/resolve.ts";
import { listImages } from "../../image/status.ts";
import { findRecipe } from "../../image/support.ts";
import { PetriError } from "../../machine/errors.ts";
import type { BootKind } from "../../machine/machine.ts";
import { showDuration } from "../../power/wait.ts";
import { Progress } from "../boot/progress.ts";
import { sayProgress } from "../boot/say-progress.ts";
import { printError } from "../print-error.ts";

/** Builds every image it can; the exit code is that of the last one that failed. */
export async function buildImages(
  names: readonly string[],
  { boot, signal }: { boot: BootKind | undefined; signal: AbortSignal },
): Promise<number> {
  for (const name of names) findRecipe(name);
  const wanted = listImages().filter(({ name }) => names.length === 0 || names.includes(name));
  let exitCode = 0;
  for (const { name, boots } of wanted) {
    const progress = new Progress({ quiet: false });
    const startedAt = performance.now();
    try {
      const kind = boot ?? boots[0] ?? "kernel";
      const image = await resolveImage(name, kind, {
        signal,
        onProgress: (step) => progress.show(sayProgress(step)),
      });
      progress.clear();
      const took = showDuration(performance.now() - startedAt);
      process.stdout.write(`${name} ${image.version}: ready (${took})\n`);
      for (const note of image.notes) process.stdout.write(`  - ${note}\n`);
    } catch (error) {
      progress.clear();
      // The other images may be there none the less; a bug or Ctrl-C ends it all.
      if (!(error instanceof PetriError) || signal.aborted) throw error;
      exitCode = printError(error);
    }
  }
  return exitCode;
}
