import { z } from "zod";

const units: Record<string, number> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** What a size may look like, for messages. */
const sizeForm = "a whole number with K, M, G or T, such as 512M or 4G";
/** What a duration may look like, for messages. */
export const durationForm = "a number with ms, s, m or h, such as 250ms or 5s";

/**
 * Bytes from `512M`, `4GB`, `1G` or a plain number of bytes. Suffixes are binary and may be followed by `B`
 * (OpenVMM's `--memory` page). Throws RangeError for anything else.
 */
export function parseSize(text: string): number {
  const bytes = readSize(text);
  if (bytes === undefined) throw new RangeError(`"${text}" is not a size: write ${sizeForm}`);
  return bytes;
}

/** parseSize for those who word the refusal themselves: undefined when the text is not a size. */
export function readSize(text: string): number | undefined {
  const match = /^(\d+)([KMGT]?)B?$/i.exec(text.trim());
  const bytes = Number(match?.[1]) * (units[match?.[2]?.toUpperCase() ?? ""] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The shortest exact form: `1G`, `1536M`, `513`. The inverse of parseSize. */
export function formatSize(bytes: number): string {
  for (const unit of ["T", "G", "M", "K"] as const) {
    const size = units[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

/** A size for people to read: `1 GiB`, `1.5 GiB`, `513 bytes`. */
export function humanSize(bytes: number): string {
  for (const unit of ["T", "G", "M", "K"] as const) {
    const size = units[unit] ?? 1;
    if (bytes >= size) return `${Number((bytes / size).toFixed(1))} ${unit}iB`;
  }
  return `${bytes} bytes`;
}

/** Milliseconds from `250ms`, `5s`, `2m`, `1h`. Throws RangeError for anything else. */
export function parseDuration(text: string): number {
  const duration = readDuration(text);
  if (duration === undefined) throw new RangeError(`"${text}" is not a duration: write ${durationForm}`);
  return duration;
}

/** parseDuration for those who word the refusal themselves: undefined when the text is not a duration. */
export function readDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  const scale = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] as "ms"];
  const duration = Math.round(Number(match?.[1]) * (scale ?? Number.NaN));
  return Number.isSafeInteger(duration) ? duration : undefined;
}

/** A schema for bytes that accepts `512M` at the edge and keeps a number inside. */
export const sizeSchema = textOr(readSize, `write ${sizeForm}`);

/** A schema for milliseconds that accepts `5s` at the edge and keeps a number inside. */
export const durationSchema = textOr(readDuration, `write ${durationForm}`);

function textOr(read: (text: string) => number | undefined, error: string) {
  return z.union([z.number(), z.string()], { error }).transform((value, ctx) => {
    const number = typeof value === "number" ? value : read(value);
    if (number !== undefined && Number.isSafeInteger(number) && number >= 0) return number;
    ctx.addIssue({ code: "custom", message: error, input: value });
    return z.NEVER;
  });
}
