import { readFileSync, statSync } from "node:fs";

const mostBytes = 2 ** 20;

/** The text of a configuration file that a command names; undefined for one that is not there, or no such file. */
export function readSmallFile(path: string): string | undefined {
  try {
    const { size } = statSync(path);
    return size <= mostBytes ? readFileSync(path, "utf8") : undefined;
  } catch {
    return undefined;
  }
}
