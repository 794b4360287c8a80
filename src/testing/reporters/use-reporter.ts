import type { Reporter, Vitest } from "vitest/node";

/** The reporters vitest takes when nobody chose any (its resolveConfig). */
const usual = ["default", "agent", "github-actions"];

/**
 * Adds a reporter whatever the configuration and `--reporter` say. Ours stands in for vitest's own defaults: those drop
 * skip reasons; whatever the user chose stays.
 */
export function useReporter(vitest: Vitest, reporter: Reporter): void {
  const { config } = vitest;
  const isNamed = (name: unknown) => typeof name === "string" && !usual.includes(name);
  const chosen = config.reporters.filter((each) => !Array.isArray(each) || isNamed(each[0]));
  config.reporters = [...chosen, reporter];
}
