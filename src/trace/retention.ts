import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isInUse, readMarker, removeRun } from "./run-folder.ts";

/** Which traces stay after their attempt has ended. */
export type KeepPolicy = "failures" | "all" | "none";

/** A failed attempt's trace is kept under `failures` even when a retry passed. */
export function keepsTrace(policy: KeepPolicy, outcome: { readonly failed: boolean }): boolean {
  return policy === "all" || (policy === "failures" && outcome.failed);
}

export interface CleanOptions {
  /** Remove the oldest runs until the rest, what is in use included, takes no more than this. */
  readonly capBytes?: number;
  readonly olderThanMs?: number;
  /** Every run that is not in use. */
  readonly all?: boolean;
  /** Only tell. */
  readonly dryRun?: boolean;
  /** The id of a run that stays whatever its age and size. */
  readonly current?: string;
  readonly now?: Date;
}

export interface Cleaned {
  /** Folders of the removed runs, oldest first. */
  readonly removed: readonly string[];
  readonly removedBytes: number;
  readonly keptBytes: number;
}

/**
 * Removes old runs from a results folder. Only folders that bear Petri's marker under their own name are touched,
 * never one whose process lives, and no symbolic link is followed. Without an option nothing is removed.
 *
 * @throws HostError when a run cannot be removed
 */
export function cleanResults(root: string, options: CleanOptions = {}): Cleaned {
  const { capBytes = Number.POSITIVE_INFINITY, olderThanMs = Number.POSITIVE_INFINITY, now = new Date() } = options;
  const runs = findRuns(root, options.current);
  let keptBytes = runs.reduce((sum, run) => sum + run.bytes, 0);
  let removedBytes = 0;
  const removed: string[] = [];
  for (const run of runs) {
    const isOld = now.getTime() - run.startedAt > olderThanMs;
    if (run.isHeld || !(options.all || isOld || keptBytes > capBytes)) continue;
    if (!options.dryRun) removeRun(run.dir);
    removed.push(run.dir);
    removedBytes += run.bytes;
    keptBytes -= run.bytes;
  }
  return { removed, removedBytes, keptBytes };
}

interface FoundRun {
  readonly dir: string;
  readonly startedAt: number;
  readonly bytes: number;
  readonly isHeld: boolean;
}

function findRuns(root: string, current: string | undefined): FoundRun[] {
  return entries(root)
    .flatMap(({ name }) => {
      const dir = join(root, name);
      const marker = readMarker(dir);
      if (!marker) return [];
      const isHeld = name === current || isInUse(marker);
      return [{ dir, startedAt: Date.parse(marker.startedAt), bytes: sizeOf(dir), isHeld }];
    })
    .sort((a, b) => a.startedAt - b.startedAt || (a.dir < b.dir ? -1 : 1));
}

/** Bytes of the files below, links counted as links. */
function sizeOf(dir: string): number {
  return entries(dir).reduce((sum, entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return sum + sizeOf(path);
    return sum + (lstatSync(path, { throwIfNoEntry: false })?.size ?? 0);
  }, 0);
}

/** Nothing for a folder that is not there: other runs come and go meanwhile. */
function entries(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
