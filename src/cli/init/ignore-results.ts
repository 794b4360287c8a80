import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HostError } from "../../machine/errors.ts";

const file = ".gitignore";
const pattern = "petri-results/";
/** As others write it: from the root, anywhere, or whatever it is (gitignore(5)). */
const alreadyIgnored = /^(?:\/|\*\*\/)?petri-results(?:\/|\/\*{1,2})?[ \t]*$/m;

/**
 * What makes git ignore the results in that folder; undefined if it does already. The file is read now and written when
 * the result is called, which returns what was done. Throws HostError.
 */
export function ignoreResults(cwd: string): (() => string) | undefined {
  const path = join(cwd, file);
  const isThere = existsSync(path);
  const text = isThere ? attempt("read", () => readFileSync(path, "utf8")) : "";
  if (alreadyIgnored.test(text.replaceAll("\r\n", "\n"))) return undefined;
  const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
  const separator = text === "" || text.endsWith("\n") ? "" : lineEnd;
  return () => {
    attempt("written", () => writeFileSync(path, `${separator}${pattern}${lineEnd}`, { flag: "a" }));
    return isThere ? `added ${pattern} to ${file}` : `wrote ${file}`;
  };

  function attempt<T>(what: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw new HostError(`${path} cannot be ${what}: ${(error as Error).message}`, { cause: error });
    }
  }
}
