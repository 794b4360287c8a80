import { UsageError } from "../../machine/errors.ts";
import { mergeOracle, type OracleSettings } from "../../oracle/policy.ts";

export const oracleModes = ["fail", "report", "off"] as const;
export type OracleMode = (typeof oracleModes)[number];

export function readOracleMode(text: string): OracleMode {
  const mode = oracleModes.find((word) => word === text);
  if (mode === undefined) throw new UsageError(`--oracle ${text} is not accepted: write ${oracleModes.join(", ")}`);
  return mode;
}

/** The configuration's oracle, below what the flag says. Somebody at the terminal sees for himself, and goes on. */
export function oracleOf(config: OracleSettings, mode: OracleMode | undefined, isInteractive: boolean): OracleSettings {
  const said = mode ?? (isInteractive ? "report" : undefined);
  if (said === undefined) return config;
  if (said === "off") return mergeOracle(config, { enabled: false });
  // Warnings that the configuration does not want to hear of stay unheard.
  const warnings = config.warnings === "ignore" && mode === undefined ? "ignore" : said;
  return mergeOracle(config, { enabled: config.enabled !== false || mode !== undefined, crashes: said, warnings });
}
