import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { withFileLock } from "../host/lock.ts";
import type { BootKind } from "../machine/machine.ts";
import { catalogue } from "./catalogue.ts";
import { packageRoot } from "./lock-file.ts";
import { verify } from "./manifest.ts";
import { imageFolder, recipeKey } from "./resolve.ts";
import { findRecipe, imageSupport } from "./support.ts";
import { type MissingTool, missingTools } from "./tools.ts";

export interface ImageListing {
  readonly name: string;
  readonly summary: string;
  readonly boots: readonly BootKind[];
}

export interface ImageStatus extends ImageListing {
  /** `outdated`: built from an older recipe or lock, and built again when it is next used. */
  readonly state: "shipped" | "built" | "outdated" | "damaged" | "absent";
  readonly version?: string;
  /** Bytes on the disk, older builds included. */
  readonly sizeBytes: number;
  readonly path: string;
  readonly notes: readonly string[];
  readonly buildMs?: number;
  readonly missingTools: readonly MissingTool[];
}

const bootKinds = ["uefi", "pcat", "kernel"] as const;

/** The catalogue, in its order. */
export function listImages(): ImageListing[] {
  return catalogue.map(({ name, summary }) => ({
    name,
    summary,
    boots: bootKinds.filter((boot) => imageSupport(name, boot).length === 0),
  }));
}

/** Whether an image is built, where, how large, and what building it would need. Throws UsageError for no such name. */
export async function imageStatus(name: string, options: { signal?: AbortSignal } = {}): Promise<ImageStatus> {
  const recipe = findRecipe(name);
  const listing = listImages().find((entry) => entry.name === name);
  const common = { name, summary: recipe.summary, boots: listing?.boots ?? [], missingTools: missingTools(recipe) };
  if (recipe.source.kind === "shipped") {
    const path = join(packageRoot, recipe.source.folder);
    return { ...common, state: "shipped", path, sizeBytes: await sizeOf(path), notes: [] };
  }
  const folder = imageFolder(name);
  const path = join(folder, await recipeKey(recipe));
  const verdict = await verify(path, options.signal);
  const sizeBytes = await sizeOf(folder);
  if (verdict.state === "whole") {
    const { version, notes, buildMs } = verdict.manifest;
    return { ...common, state: "built", path, sizeBytes, version, notes, buildMs };
  }
  if (verdict.state === "damaged") return { ...common, state: "damaged", path, sizeBytes, notes: [verdict.why] };
  return { ...common, state: sizeBytes > 0 ? "outdated" : "absent", path, sizeBytes, notes: [] };
}

/** Removes every build of the image from the cache and gives the bytes that became free. Waits for a running build. */
export async function removeImage(name: string, options: { signal?: AbortSignal } = {}): Promise<number> {
  const recipe = findRecipe(name);
  if (recipe.source.kind === "shipped") return 0;
  const folder = imageFolder(name);
  return await withFileLock(
    `${folder}.lock`,
    async () => {
      const sizeBytes = await sizeOf(folder);
      await rm(folder, { recursive: true, force: true });
      return sizeBytes;
    },
    options,
  );
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  // A build in another process may remove what was just listed.
  const sizes = files.map((file) =>
    stat(join(file.parentPath, file.name)).then(
      (stats) => stats.size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
