import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HostError, UnsupportedError } from "../machine/errors.ts";
import type { BootKind } from "../machine/machine.ts";
import { agentFile } from "./agent-file.ts";
import { cacheFolder } from "./cache.ts";
import { sha256, sha256File } from "./digest.ts";
import { packageRoot, readLock } from "./lock-file.ts";
import type { Manifest } from "./manifest.ts";
import type { BuiltSource, DebianSource, ImageOptions, ImageRecipe, ResolvedImage, ShippedSource } from "./recipe.ts";
import { buildOnce } from "./store.ts";
import { findRecipe, imageSupport } from "./support.ts";
import { systemFiles } from "./system-root.ts";
import { hostArch, requireTools } from "./tools.ts";

/** Raised when the code that builds images gives other bytes for the same recipe. */
const builderVersion = 6;

/**
 * An image of the catalogue, ready to be booted that way: verified if it is in the cache, built if it is not.
 * Throws UsageError for an unknown name, UnsupportedError for a boot kind the image lacks, HostError when it cannot be
 * built here.
 *
 * @example const image = await resolveImage("debian-cloud", "kernel");
 */
export async function resolveImage(name: string, boot: BootKind, options: ImageOptions = {}): Promise<ResolvedImage> {
  const recipe = findRecipe(name);
  const cpuMode = recipe.boots[boot];
  const reasons = imageSupport(name, boot);
  if (typeof cpuMode !== "number") throw UnsupportedError.of(reasons, `${name} cannot boot by ${boot}`);
  const { source } = recipe;
  const files = source.kind === "shipped" ? await shipped(source, boot) : await built(recipe, source, boot, options);
  const { arch, driver, minMemoryBytes } = recipe;
  return {
    ...{ name, boot, arch, driver, minMemoryBytes, cpuMode, ...files },
    needsDisplay: recipe.needsDisplay?.includes(boot) ?? false,
    ...(recipe.ready && { ready: recipe.ready }),
    ...(recipe.login && { login: recipe.login }),
    ...(source.kind === "debian" && source.hasAgent && { hasAgent: true }),
    ...(recipe.ssh && { ssh: recipe.ssh }),
    ...(recipe.shellPrompt && { shellPrompt: recipe.shellPrompt }),
  };
}

type Files = Pick<
  ResolvedImage,
  "version" | "kernel" | "otherKernels" | "initrd" | "cmdline" | "disk" | "digests" | "notes"
>;

async function shipped(source: ShippedSource, boot: BootKind): Promise<Files> {
  const at = (file: string) => join(packageRoot, source.folder, file);
  const kernels = [source.kernel, ...source.otherKernels].map(({ file, format }) => ({ file: at(file), format }));
  const files = boot === "kernel" ? kernels.map(({ file }) => file) : [at(source.disk)];
  const digests = await Promise.all(files.map(async (file) => [file, await digestOf(file)] as const));
  const [kernel, ...otherKernels] = kernels;
  return {
    ...(boot === "kernel"
      ? { ...(kernel && { kernel }), otherKernels }
      : { disk: { file: at(source.disk), format: "raw" as const }, otherKernels: [] }),
    version: (digests[0]?.[1] ?? "").slice(0, 12),
    digests: Object.fromEntries(digests),
    notes: [],
  };
}

async function digestOf(file: string): Promise<string> {
  return await sha256File(file).catch((cause) => {
    throw new HostError(`${file} is missing, though it comes with Petri: install the package again`, { cause });
  });
}

async function built(recipe: ImageRecipe, source: BuiltSource, boot: BootKind, options: ImageOptions): Promise<Files> {
  const { folder, manifest } = await buildOnce({
    folder: imageFolder(recipe.name),
    key: await recipeKey(recipe),
    onStep: report,
    ...(options.signal && { signal: options.signal }),
    build: async (workFolder, outFolder) => {
      requireTools(recipe);
      const { build } = await import("./build.ts");
      const locked = await readLock(recipe.name);
      const input = { cacheFolder: cacheFolder(), locked, workFolder, outFolder, cmdline: recipe.cmdline ?? "" };
      const steps = { onStep: report, ...(options.signal && { signal: options.signal }) };
      return await build(source, { ...input, ...steps });
    },
  });
  return filesFor(boot, folder, manifest, recipe.cmdline);

  function report(step: string, detail?: string, fraction?: number): void {
    options.onProgress?.({
      image: recipe.name,
      step,
      ...(detail !== undefined && { detail }),
      ...(fraction !== undefined && { fraction }),
    });
  }
}

/** The first one there is starts fastest in QEMU: a PVH entry skips the guest's own decompressor. */
const kernelOrder = ["elf-pvh", "bzImage", "elf"] as const;

function filesFor(boot: BootKind, folder: string, manifest: Manifest, cmdline?: string): Files {
  const digests: Record<string, string> = {};
  const find = (role: string): string | undefined => {
    const artefact = manifest.artefacts[role];
    if (!artefact) return undefined;
    const path = join(folder, artefact.file);
    digests[path] = artefact.sha256;
    return path;
  };
  const { version, notes } = manifest;
  if (boot !== "kernel") {
    const file = find("disk");
    return { version, notes, digests, otherKernels: [], ...(file && { disk: { file, format: "raw" } }) };
  }
  const kernels = kernelOrder.flatMap((format) => {
    const file = find(format);
    return file ? [{ file, format }] : [];
  });
  const [kernel, ...otherKernels] = kernels;
  const initrd = find("initrd");
  return {
    ...{ version, notes, digests, otherKernels },
    ...(kernel && { kernel }),
    ...(initrd && { initrd }),
    ...(cmdline && { cmdline }),
  };
}

export function imageFolder(name: string): string {
  return join(cacheFolder(), "images", name);
}

/** Changes with everything that goes into the image, so that an old build is never taken for the new one. */
export async function recipeKey(recipe: ImageRecipe): Promise<string> {
  const { own, init, system }: Partial<DebianSource> = recipe.source.kind === "debian" ? recipe.source : {};
  const ownFiles = [...(own ? [own.module.source, own.program] : []), ...(init ? [init] : [])];
  const inputs = ["debian/init", "debian/grub.cfg", "memtest86+/grub.cfg", ...ownFiles];
  const agent = recipe.source.kind === "debian" && recipe.source.hasAgent ? [agentFile(recipe.source)] : [];
  const laidOver = system ? await systemFiles(system) : [];
  const paths = [...inputs.map((file) => join("images", file)), ...agent, ...laidOver];
  const digests = await Promise.all(paths.map(async (path) => sha256(await readFile(join(packageRoot, path)))));
  const { source, cmdline } = recipe;
  const lock = await readLock(recipe.name);
  const names = system && { laidOver };
  return sha256(JSON.stringify({ builderVersion, hostArch, source, cmdline, lock, digests, ...names })).slice(0, 24);
}
