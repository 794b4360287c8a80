import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { runDirVariable } from "./process.ts";
import { processesWith, startTimeOf } from "./process-facts.ts";

/** What a harness that was killed left behind. */
export interface Leftover {
  readonly dir: string;
  /** VMM processes still running in it. */
  readonly pids: readonly number[];
}

/** Run directories under `root`, and processes marked with one, whose owner is dead. */
export function findLeftovers(root: string): Leftover[] {
  const pidsByDir = new Map<string, number[]>();
  for (const { pid, value } of processesWith(runDirVariable)) {
    if (!value.startsWith(root + sep)) continue;
    const dir = ownerDir(root, value);
    pidsByDir.set(dir, [...(pidsByDir.get(dir) ?? []), pid]);
  }
  const dirs = existsSync(root) ? readdirSync(root).map((name) => join(root, name)) : [];
  return [...new Set([...dirs, ...pidsByDir.keys()])]
    .filter((dir) => !hasLiveOwner(dir))
    .map((dir) => ({ dir, pids: pidsByDir.get(dir) ?? [] }));
}

/** Kills and removes every leftover; returns what it found. */
export function sweep(root: string): Leftover[] {
  const leftovers = findLeftovers(root);
  for (const { dir, pids } of leftovers) {
    for (const pid of pids) kill(pid);
    rmSync(dir, { recursive: true, force: true });
  }
  return leftovers;
}

/** The folder directly below the root, which the owning process made. */
function ownerDir(root: string, path: string): string {
  let dir = path;
  while (dirname(dir) !== root && dirname(dir) !== dir) dir = dirname(dir);
  return dir;
}

/** Whether the process that made a run directory below the root still runs. */
export function hasLiveOwner(dir: string): boolean {
  const [pid, startTime] = basename(dir).split("-");
  return startTime !== undefined && startTimeOf(Number(pid)) === startTime;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile.
  }
}
