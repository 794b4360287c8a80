import { createHash } from "node:crypto";
import { join } from "node:path";

const maxLength = 100;
/** What is left for words beside `-` and the hash, and `x-` before a reserved name. */
const maxHead = maxLength - 11;
/** Names that Windows keeps for devices, with any extension. */
const reserved = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/;
const hashEnding = /-[0-9a-f]{8}$/;

/**
 * A folder name for any text: lower-case letters, digits, `.`, `_` and `-`, at most 100 of them, the same at every
 * run. Two texts share one only if 32 bits of SHA-256 collide: whatever had to be changed, and whatever looks as if
 * it had been, ends in a hash of the text. Upper case is changed because some file systems do not tell it apart.
 */
export function slug(text: string): string {
  const safe = text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[.-]+|[.-]+$/g, "");
  const isUnchanged = safe === text && safe.length > 0 && safe.length <= maxLength;
  if (isUnchanged && !reserved.test(safe) && !hashEnding.test(safe)) return safe;
  // UTF-16, so that even texts which differ in a lone surrogate differ here.
  const hash = createHash("sha256").update(text, "utf16le").digest("hex").slice(0, 8);
  const head = safe.slice(0, maxHead).replace(/[.-]+$/, "");
  return `${head || "x"}-${hash}`.replace(reserved, "x-$&");
}

/** Where the trace of one VM of one attempt lives: `RUN/TEST/ATTEMPT-VM`. Attempts count from 1. */
export function traceDir(runDir: string, testName: string, attempt: number, vmName: string): string {
  return join(runDir, slug(testName), `${attempt}-${slug(vmName)}`);
}
