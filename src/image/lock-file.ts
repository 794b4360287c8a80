import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { HostError } from "../machine/errors.ts";
import type { LockedPackage } from "./packages.ts";

/** The package's own root: two folders above this file, in a checkout (src/image) as in a release (dist/image). */
export const packageRoot = fileURLToPath(new URL("../..", import.meta.url));

const lockSchema = z.object({
  packages: z.array(
    z.object({ wanted: z.string(), name: z.string(), arch: z.string(), version: z.string(), sha256: z.string() }),
  ),
});

/** images/<name>/lock.json: the packages an image was last built and booted from. */
export async function readLock(image: string): Promise<LockedPackage[]> {
  const file = join(packageRoot, "images", image, "lock.json");
  try {
    return lockSchema.parse(JSON.parse(await readFile(file, "utf8"))).packages;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new HostError(`${file} is not a lock file of Petri's`, { cause: error });
  }
}
