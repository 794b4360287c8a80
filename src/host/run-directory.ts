import { mkdirSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { HostError } from "../machine/errors.ts";
import { startTimeOf } from "./process-facts.ts";
import { sweep } from "./sweep.ts";

/** A private folder for the sockets and NVRAM of one VM. Gone with `remove()`, or with the next run's sweep. */
export interface RunDirectory {
  readonly path: string;
  remove(): void;
}

/** Unix socket paths hold 107 bytes and a NUL (unix(7)); the longest name in a run directory is `control`. */
const longestSocketDir = 107 - "/control".length;

/** Where every process of this user keeps its run directories. */
export function runRoot(): string {
  const base = process.env.PETRI_RUN_ROOT ?? process.env.XDG_RUNTIME_DIR ?? tmpdir();
  return join(base, `petri-${userInfo().uid}`);
}

let own: string | undefined;
let count = 0;

/**
 * A new run directory. The first one of a process sweeps what dead processes left behind. Throws HostError when the
 * folder cannot be made or its path is too long for a socket.
 */
export function newRunDirectory(): RunDirectory {
  own ??= claim();
  for (;;) {
    const path = join(own, String(count++));
    if (path.length > longestSocketDir) {
      throw new HostError(
        `${path} is too long for a Unix socket: ${longestSocketDir} bytes is the most\n  set PETRI_RUN_ROOT to a shorter folder, such as /tmp`,
      );
    }
    if (attempt(own, () => made(path))) return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
  }
}

/** False if it is there already: a bundler may have put this module into one process twice. */
function made(dir: string): boolean {
  try {
    mkdirSync(dir, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function claim(): string {
  const root = runRoot();
  return attempt(root, () => {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    sweep(root);
    // The name is the owner, so a folder never stands without one.
    const dir = join(root, `${process.pid}-${startTimeOf(process.pid) ?? ""}`);
    made(dir);
    process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
    return dir;
  });
}

function attempt<T>(root: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new HostError(
      `cannot make a run directory in ${root}: ${(error as Error).message}\n  set PETRI_RUN_ROOT to a folder you can write to`,
      { cause: error },
    );
  }
}
