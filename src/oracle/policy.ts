import type { Finding, Rule } from "./rule.ts";

/** What the oracle looks for, and what becomes of what it finds. Everything may be left out. */
export interface OracleSettings {
  /** False: nobody reads the consoles. */
  readonly enabled?: boolean | undefined;
  /** Rules of your own; they win over the built-in ones. */
  readonly extra?: readonly Rule[] | undefined;
  /** Findings with such a title are none. */
  readonly ignore?: readonly RegExp[] | undefined;
  /** What a warning does: fails the VM (the default), only stands in the record, or is not looked at. */
  readonly warnings?: "fail" | "report" | "ignore" | undefined;
  /** What every other finding does. */
  readonly crashes?: "fail" | "report" | undefined;
}

/** What becomes of one finding that nobody asked for. */
export type Consequence = "fail" | "report" | "ignore";

export interface OraclePolicy {
  readonly enabled: boolean;
  readonly extra: readonly Rule[];
  readonly ignore: readonly RegExp[];
  consequenceOf(finding: Pick<Finding, "severity">): Consequence;
}

/** Later layers win; their rules come first, and what any of them ignores is ignored. */
export function mergeOracle(...layers: readonly (OracleSettings | undefined)[]): OracleSettings {
  const given = layers.filter((layer) => layer !== undefined);
  const last = <K extends keyof OracleSettings>(key: K) => given.findLast((layer) => layer[key] !== undefined)?.[key];
  return {
    ...{ enabled: last("enabled"), warnings: last("warnings"), crashes: last("crashes") },
    extra: given.toReversed().flatMap(({ extra = [] }) => extra),
    ignore: given.flatMap(({ ignore = [] }) => ignore),
  };
}

/** The settings with everything filled in: what is found fails the VM, warnings included. */
export function oraclePolicy(settings: OracleSettings = {}): OraclePolicy {
  const { enabled = true, extra = [], ignore = [], warnings = "fail", crashes = "fail" } = settings;
  return { enabled, extra, ignore, consequenceOf: ({ severity }) => (severity === "warning" ? warnings : crashes) };
}
