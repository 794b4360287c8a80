import { z } from "zod";

/** What `plan.json` promises its readers; a VMM's plan may hold more. */
export const planRecordSchema = z.looseObject({
  run: z.object({ file: z.string(), args: z.array(z.string()) }),
  /** Versions by name: `qemu`, `petri`, `node`. */
  versions: z.record(z.string(), z.string()).optional(),
  /** Digests by path, as `sha256:…`, of every file that was booted. */
  digests: z.record(z.string(), z.string()).optional(),
});

export interface PlanRecord {
  readonly run: { readonly file: string; readonly args: readonly string[] };
  readonly versions?: Readonly<Record<string, string>>;
  readonly digests?: Readonly<Record<string, string>>;
}

export const redacted = "<redacted>";

/** Names of options, variables and keys whose value is a secret; a name that ends in file, path or dir is not. */
const secretName =
  /passw(or)?d|passphrase|secret|token|credential|(api|access|private|auth)[-_.]?key|(^|[-_.])(pass|pwd|key)$/i;
const pathName = /(file|path|dir)$/i;

/** A word, `=` or `:`, and a value, as in `--token=x`, `password=x,id=y`, `console=ttyS0 root.password=x`. */
const assignment = /(?<![A-Za-z0-9_.-])([A-Za-z0-9_.-]+)([=:])("[^"]*"|'[^']*'|[^\s,;&"']+)/g;
/** Values that give themselves away: PEM private keys, passwords in URLs, tokens of well-known services. */
const shapes: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, redacted],
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@]*):[^\s/@]+@/gi, `$1:${redacted}@`],
  [/\b(gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|AKIA)[A-Za-z0-9_-]{10,}/g, redacted],
];

/**
 * A copy without secrets. What is replaced by `<redacted>`:
 * - the value of every property (environment variables too) whose name looks like a password, secret, token or key;
 * - the argument after an option of such a name, and the value of such a name inside an argument;
 * - the `data=` of a QEMU `secret` object (qemu(1), "-object secret");
 * - private keys, passwords in URLs and well-known token shapes, wherever they are.
 *
 * Paths of secret files are kept. The machine itself is recorded as it is: what is on its command line is known to
 * every reader of the trace.
 */
export function redact<T>(plan: T): T {
  return redactValue(plan) as T; // same shape: only strings are replaced, by strings
}

function redactValue(value: unknown): unknown {
  if (typeof value === "string") return redactText(value);
  if (Array.isArray(value)) return value.map((item, index) => redactItem(item, value[index - 1]));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isSecret(name) && typeof inner === "string" ? redacted : redactValue(inner),
    ]),
  );
}

function redactItem(item: unknown, before: unknown): unknown {
  const isValueOf = typeof before === "string" && /^--?[A-Za-z0-9_.-]+$/.test(before) && isSecret(before);
  if (typeof item === "string" && isValueOf && !item.startsWith("-")) return redacted;
  return redactValue(item);
}

function redactText(text: string): string {
  const isSecretObject = /(^|[\s,])(secret,|qom-type=secret\b)/.test(text);
  const named = text.replace(assignment, (whole: string, name: string, sign: string) =>
    isSecret(name) || (isSecretObject && name === "data") ? `${name}${sign}${redacted}` : whole,
  );
  return shapes.reduce((current, [shape, replacement]) => current.replace(shape, replacement), named);
}

const isSecret = (name: string) => secretName.test(name) && !pathName.test(name);
