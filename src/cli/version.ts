import { readFileSync } from "node:fs";

/** The version in package.json, two folders up from `src/cli` and `dist/cli` alike. */
export function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  // Our own file: npm refuses to pack one without a version.
  return (JSON.parse(text) as { version: string }).version;
}
