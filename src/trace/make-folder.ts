import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder and its parents by one mkdir(2) each, so that an error is the kernel's own. Node's recursive mkdir (seen
 * with 20.20) says ENOENT where the file system is read-only, and never returns below /proc.
 */
export function makeFolder(dir: string): void {
  const path = resolve(dir);
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another worker was faster.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
