import { readFileSync } from "node:fs";
import { UsageError } from "../../machine/errors.ts";

/**
 * The last words of this process's command line as the kernel has them (proc(5), cmdline): Node has decoded its own and
 * lost what is no UTF-8.
 */
export function rawWords(words: readonly string[]): Buffer[] {
  const raw = splitAtNul(readFileSync("/proc/self/cmdline")).slice(-words.length);
  // A title that somebody gave this process stands there instead.
  if (raw.length === words.length && raw.every((bytes, index) => bytes.toString() === words[index])) return raw;
  const lost = words.find((word) => word.includes("\ufffd"));
  if (lost !== undefined)
    throw new UsageError(`${JSON.stringify(lost)} is no UTF-8, and its bytes cannot be told here`);
  return words.map((word) => Buffer.from(word));
}

/** What a login gives every program; all else is asked for by name. */
const usual = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TERM"];

/**
 * The environment of a command: the usual variables, and those asked for as `NAME` or `NAME=VALUE`. Throws UsageError for
 * one that is not there or cannot be a variable of sh(1).
 */
export function labEnvironment(asked: readonly string[]): Map<string, Buffer> {
  const own = new Map(splitAtNul(readFileSync("/proc/self/environ")).map(pair));
  const env = new Map<string, Buffer>();
  const problems: string[] = [];
  for (const name of usual) {
    const value = own.get(name);
    if (value !== undefined) env.set(name, value);
  }
  for (const word of asked) {
    const [name, value] = word.includes("=") ? pair(Buffer.from(word)) : [word, own.get(word)];
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      problems.push(`--env ${JSON.stringify(word)} is not accepted: write NAME or NAME=VALUE`);
    } else if (value === undefined) {
      problems.push(`--env ${name}: it is not set here; set it, or write ${name}=VALUE`);
    } else env.set(name, value);
  }
  if (problems.length > 0) throw UsageError.of(problems);
  return env;
}

function pair(bytes: Buffer): [string, Buffer] {
  const at = bytes.indexOf("=");
  return [bytes.toString("latin1", 0, at), bytes.subarray(at + 1)];
}

function splitAtNul(bytes: Buffer): Buffer[] {
  const words: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const found = bytes.indexOf(0, from);
    const end = found < 0 ? bytes.length : found;
    words.push(bytes.subarray(from, end));
    from = end + 1;
  }
  return words;
}
