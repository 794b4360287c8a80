import { join } from "node:path";
import { localHost } from "../host/local.ts";
import { HostError } from "../machine/errors.ts";
import type { ImageRecipe } from "./recipe.ts";

/** Debian's name for the architecture this process runs on. */
export const hostArch = process.arch === "arm64" ? "arm64" : "amd64";

/** What lets a program run from the folder its packages were unpacked into. */
export function toolLibraries(toolTree: string): { LD_LIBRARY_PATH: string } {
  const libraries = ["x86_64-linux-gnu", "aarch64-linux-gnu"].flatMap((name) => [`lib/${name}`, `usr/lib/${name}`]);
  return { LD_LIBRARY_PATH: libraries.map((folder) => join(toolTree, folder)).join(":") };
}

export interface MissingTool {
  readonly tool: string;
  /** The command that brings it. */
  readonly fix: string;
}

/** What building takes; all else (GRUB, xz, busybox) is fetched and unpacked by the build itself. */
const buildTools = ["apt-get", "apt-cache", "dpkg-deb"];

/** What this host lacks to build the image; empty for images that come with Petri. */
export function missingTools(
  { source, name }: Pick<ImageRecipe, "source" | "name">,
  nodeArch: string = process.arch,
): MissingTool[] {
  if (source.kind === "shipped") return [];
  // Every Debian and Ubuntu has them, so a host without them is neither.
  const fix =
    "build it once in a Debian container that shares the cache:\n" +
    `    docker run --rm -v "$HOME/.cache/petri:/cache" -e PETRI_CACHE=/cache node:20-bookworm npx petri-vm images build ${name}`;
  const missing = buildTools.filter((tool) => !localHost.which(tool)).map((tool) => ({ tool, fix }));
  if (source.kind !== "debian" || !source.own || nodeArch === "x64") return missing;
  // Debian's compiler for it is unpacked and run here.
  return [
    ...missing,
    { tool: "an x86-64 processor", fix: `build ${name} on an x86-64 host and share its PETRI_CACHE` },
  ];
}

/** Throws HostError that names every missing program and what to do. */
export function requireTools(recipe: Pick<ImageRecipe, "source" | "name">): void {
  const missing = missingTools(recipe);
  if (missing.length === 0) return;
  const names = missing.map(({ tool }) => tool).join(", ");
  const fixes = [...new Set(missing.map(({ fix }) => fix))].join("\n  ");
  throw new HostError(
    `the image ${recipe.name} is built from Debian packages, and this host lacks ${names}\n  ${fixes}`,
  );
}
