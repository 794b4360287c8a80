import { chmod, mkdir, open, readdir, rename, rm, statfs, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { withFileLock } from "../host/lock.ts";
import { HostError } from "../machine/errors.ts";
import { sha256File } from "./digest.ts";
import { type Artefact, type Manifest, manifestFile, verify } from "./manifest.ts";

/** What a build leaves in its folder: files by role, and words about them. */
export interface Built {
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
  readonly sources: readonly unknown[];
  readonly notes: readonly string[];
}

export interface StoreRequest {
  /** The folder of all builds of one image. */
  readonly folder: string;
  /** A digest of everything that goes into the build. */
  readonly key: string;
  readonly build: (workFolder: string, outFolder: string) => Promise<Built>;
  readonly onStep: (step: string, detail?: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * The stored build of that key, verified; built if there is none or if it is damaged. Processes that ask at the same
 * time build once. A build that dies leaves nothing that is taken for whole: the folder gets its name when everything
 * in it is on the disk.
 */
export async function buildOnce(request: StoreRequest): Promise<{ folder: string; manifest: Manifest }> {
  const { signal, onStep } = request;
  const folder = join(request.folder, request.key);
  const stored = await verify(folder, signal);
  if (stored.state === "whole") return { folder, manifest: stored.manifest };

  const waiting = setTimeout(() => onStep("waiting for another process that builds this image"), 500);
  return await withFileLock(
    `${request.folder}.lock`,
    async () => {
      clearTimeout(waiting);
      const again = await verify(folder, signal);
      if (again.state === "whole") return { folder, manifest: again.manifest };
      if (again.state === "damaged") onStep("building again", `the cached image is damaged: ${again.why}`);
      await sweep(request.folder);
      await rm(folder, { recursive: true, force: true });
      return { folder, manifest: await buildInto(folder, request) };
    },
    signal ? { signal } : {},
  ).finally(() => clearTimeout(waiting));
}

/** Removes what killed builds left; under the lock no other build is alive. */
async function sweep(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((entry) => entry.startsWith("partial-"))) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function buildInto(folder: string, request: StoreRequest): Promise<Manifest> {
  const partial = join(dirname(folder), `partial-${basename(folder)}-${process.pid}`);
  const out = join(partial, "out");
  const work = join(partial, "work");
  try {
    await mkdir(out, { recursive: true });
    await mkdir(work);
    const started = Date.now();
    const built = await request.build(work, out);
    const artefacts: Record<string, Artefact> = {};
    for (const [role, file] of Object.entries(built.files)) {
      artefacts[role] = await seal(join(out, file), request.signal);
    }
    const { version, sources, notes } = built;
    const manifest: Manifest = {
      version,
      artefacts,
      sources: [...sources],
      notes: [...notes],
      buildMs: Date.now() - started,
    };
    await writeFile(join(out, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
    await flush(join(out, manifestFile));
    await flush(out);
    await rename(out, folder);
    await flush(dirname(folder));
    return manifest;
  } catch (error) {
    throw await explainFullDisk(error, dirname(folder));
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Puts a file on the disk for good, read-only, and takes its digest. */
async function seal(file: string, signal?: AbortSignal): Promise<Artefact> {
  const size = await flush(file);
  await chmod(file, 0o444);
  return { file: basename(file), size, sha256: await sha256File(file, signal) };
}

async function flush(path: string): Promise<number> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

async function explainFullDisk(error: unknown, folder: string): Promise<unknown> {
  const isFull =
    error instanceof Error &&
    (["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "") ||
      /No space left|enough free space|quota exceeded/i.test(error.message));
  if (!isFull) return error;
  const { bavail, bsize } = await statfs(folder);
  return new HostError(
    `no space left while building an image in ${folder} (${Math.floor((bavail * bsize) / 2 ** 20)} MiB free)\n` +
      "  Free some space, or set PETRI_CACHE to a folder on a larger disk.",
    { cause: error },
  );
}
