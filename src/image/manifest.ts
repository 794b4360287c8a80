import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { sha256File } from "./digest.ts";

export const manifestFile = "manifest.json";
const stampFile = "verified.json";

const artefact = z.object({ file: z.string(), size: z.number(), sha256: z.string() });
const manifest = z.object({
  version: z.string(),
  /** By role: kernel, initrd, disk. */
  artefacts: z.record(z.string(), artefact),
  /** What it was made from, as packages with versions and digests. */
  sources: z.array(z.unknown()),
  notes: z.array(z.string()),
  buildMs: z.number(),
});

export type Artefact = z.infer<typeof artefact>;
export type Manifest = z.infer<typeof manifest>;

export type Verdict =
  | { readonly state: "whole"; readonly manifest: Manifest }
  | { readonly state: "absent" }
  | { readonly state: "damaged"; readonly why: string };

/**
 * Compares every file of a build with the digest taken when it was built. Files that have not changed since the last
 * time, by size, inode, mtime and ctime, are not read again.
 */
export async function verify(folder: string, signal?: AbortSignal): Promise<Verdict> {
  let read: string;
  try {
    read = await readFile(join(folder, manifestFile), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const exists = await stat(folder).then(
      () => true,
      () => false,
    );
    return exists ? { state: "damaged", why: `${manifestFile} is missing` } : { state: "absent" };
  }
  const parsed = manifest.safeParse(parseJson(read));
  if (!parsed.success) return { state: "damaged", why: `${manifestFile} is not readable` };

  const before = await readStamp(folder);
  const seen: Record<string, string> = {};
  for (const { file, size, sha256 } of Object.values(parsed.data.artefacts)) {
    const identity = await identify(join(folder, file));
    if (!identity) return { state: "damaged", why: `${file} is missing` };
    if (before[file] !== `${identity.text} ${sha256}`) {
      if (identity.size !== size) {
        return { state: "damaged", why: `${file} has ${identity.size} bytes instead of ${size}` };
      }
      const digest = await sha256File(join(folder, file), signal);
      if (digest !== sha256) return { state: "damaged", why: `${file} has sha256 ${digest} instead of ${sha256}` };
    }
    seen[file] = `${identity.text} ${sha256}`;
  }
  if (JSON.stringify(seen) !== JSON.stringify(before)) await writeStamp(folder, seen);
  return { state: "whole", manifest: parsed.data };
}

async function identify(file: string): Promise<{ size: number; text: string } | undefined> {
  const stats = await stat(file, { bigint: true }).catch(() => undefined);
  if (!stats?.isFile()) return undefined;
  return { size: Number(stats.size), text: `${stats.size} ${stats.ino} ${stats.mtimeNs} ${stats.ctimeNs}` };
}

async function readStamp(folder: string): Promise<Record<string, string>> {
  const text = await readFile(join(folder, stampFile), "utf8").catch(() => "{}");
  const parsed = z.record(z.string(), z.string()).safeParse(parseJson(text));
  return parsed.success ? parsed.data : {};
}

/** Only saves time, so a cache that is not ours to write is no error. */
async function writeStamp(folder: string, seen: Record<string, string>): Promise<void> {
  const partial = join(folder, `${stampFile}.${process.pid}`);
  await writeFile(partial, JSON.stringify(seen))
    .then(() => rename(partial, join(folder, stampFile)))
    .catch(() => undefined);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
