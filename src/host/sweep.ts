import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

const cleanUpFile = "clean-up.json";
/** A kernel or a daemon that does not answer must not keep a run from starting. */
const longestMs = 10_000;

/**
 * Keeps in a run directory what has to be run once its VM is over, for a VM of which a kernel or a daemon holds a part
 * that no signal ends: the next run's sweep does it if we cannot.
 */
export function writeCleanUp(runDir: string, commands: readonly (readonly string[])[]): void {
  writeFileSync(join(runDir, cleanUpFile), JSON.stringify(commands), { mode: 0o600 });
}

/** Kills and removes every leftover; returns what it found. */
export function sweep(root: string): Leftover[] {
  const leftovers = findLeftovers(root);
  for (const { dir, pids } of leftovers) {
    for (const pid of pids) kill(pid);
    cleanUp(dir);
    rmSync(dir, { recursive: true, force: true });
  }
  return leftovers;
}

/** Our own files, in folders that only this user can write to. */
function cleanUp(dir: string): void {
  for (const name of existsSync(dir) ? readdirSync(dir) : []) {
    const file = join(dir, name, cleanUpFile);
    if (!existsSync(file)) continue;
    for (const [program = "", ...args] of commandsIn(file)) {
      spawnSync(program, args, { stdio: "ignore", timeout: longestMs, killSignal: "SIGKILL" });
    }
  }
}

/** None of a file that was being written when its process was killed. */
function commandsIn(file: string): string[][] {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as string[][];
  } catch {
    return [];
  }
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
