import type { ImportSheet } from "../../import/sheet.ts";
import { noAxis } from "../../import/sheet.ts";

type Entry = readonly [key: string, value: string];

/**
 * The `key=value` list of one option, or its JSON form. It remembers what was asked for, so that what nobody asked for
 * can be told at the end.
 */
export class Opts {
  /** The option as it was written, without what follows its first item. */
  readonly said: string;
  readonly #entries: readonly Entry[];
  readonly #used = new Set<string>();

  constructor(said: string, entries: readonly Entry[]) {
    this.said = said;
    this.#entries = entries;
  }

  /** The last value of the first of these keys that is there; all of them count as asked for. */
  take(...keys: readonly string[]): string | undefined {
    for (const key of keys) this.#used.add(key);
    return this.peek(...keys);
  }

  peek(...keys: readonly string[]): string | undefined {
    return this.#entries.findLast(([key]) => keys.includes(key))?.[1];
  }

  all(key: string): string[] {
    this.#used.add(key);
    return this.#entries.flatMap(([name, value]) => (name === key ? [value] : []));
  }

  /** Several of the same option, of which QEMU makes one list. */
  static merged(parts: readonly Opts[]): Opts | undefined {
    const [first] = parts;
    return (
      first &&
      new Opts(
        first.said,
        parts.flatMap((part) => part.#entries),
      )
    );
  }

  get keys(): string[] {
    return this.#entries.map(([key]) => key);
  }

  /** Everything below a key of the JSON form, or of its dotted twin: `file.driver`, `file.filename`. */
  below(prefix: string): Opts | undefined {
    const own = this.#entries.filter(([key]) => key.startsWith(`${prefix}.`));
    for (const [key] of own) this.#used.add(key);
    return own.length === 0
      ? undefined
      : new Opts(
          this.said,
          own.map(([key, value]) => [key.slice(prefix.length + 1), value]),
        );
  }

  /** Puts what nobody asked for on the sheet. */
  dropRest(sheet: ImportSheet, reason: (key: string) => string | undefined = () => undefined): void {
    for (const [key, value] of this.#entries) {
      if (this.#used.has(key)) continue;
      sheet.drop(`${this.said}: ${key}=${value}`, reason(key) ?? noAxis);
    }
  }
}

/**
 * QEMU's list (util/qemu-option.c): commas of a value are doubled, a bare first item belongs to `implied`, any other
 * bare word is `word=on`. A value that begins with `{` is JSON. Undefined for JSON that is none.
 */
export function readOpts(option: string, text: string, implied?: string): Opts | undefined {
  if (/^\s*\{/.test(text)) {
    const json = parseObject(text);
    return json && new Opts(`${option} ${text.length > 60 ? `${text.slice(0, 59)}…` : text}`, flatten("", json));
  }
  const items = splitItems(text);
  const entries = items.map((item, index): Entry => {
    const equals = item.indexOf("=");
    if (equals > 0) return [item.slice(0, equals), item.slice(equals + 1)];
    return index === 0 && implied !== undefined ? [implied, item] : bare(item);
  });
  return new Opts(
    `${option} ${items[0] ?? ""}`,
    entries.filter(([key]) => key !== ""),
  );
}

/** `no` before a bare word turns it off; it is deprecated since QEMU 6.0 and still read by old versions. */
function bare(item: string): Entry {
  return /^no(wait|delay)$/.test(item)
    ? [item === "nodelay" ? item : item.slice(2), item === "nodelay" ? "on" : "off"]
    : [item, "on"];
}

/** A doubled comma is one comma of a value (qemu(1), "-drive"). */
export function splitItems(text: string): string[] {
  return text
    .replaceAll(",,", "\0")
    .split(",")
    .map((item) => item.replaceAll("\0", ","));
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function flatten(prefix: string, value: unknown): Entry[] {
  if (typeof value !== "object" || value === null) {
    return [[prefix, typeof value === "boolean" ? (value ? "on" : "off") : String(value)]];
  }
  return Object.entries(value).flatMap(([key, each]) => flatten(prefix === "" ? key : `${prefix}.${key}`, each));
}

/** QEMU's words for a boolean. */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && /^(on|yes|true|y|1)$/i.test(value);
}

/** Bytes of a QEMU size (util/cutils.c, qemu_strtosz): a number, possibly broken, with a binary suffix. */
export function readBytes(text: string, unit: "" | "M" = ""): number | undefined {
  const match = /^(0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?)\s*([bBkKmMgGtTpPeE]?)$/.exec(text.trim());
  const suffix = (match?.[2] === "" ? unit : (match?.[2] ?? "")).toUpperCase();
  const power = ["", "K", "M", "G", "T", "P", "E"].indexOf(suffix === "B" ? "" : suffix);
  const bytes = Math.floor(Number(match?.[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
