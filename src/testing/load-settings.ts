import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Vitest } from "vitest/node";
import { UsageError } from "../machine/errors.ts";
import { mergeSettings, type Settings } from "../machine/settings.ts";

const names = ["ts", "mts", "js", "mjs"].map((extension) => `petri.config.${extension}`);

/**
 * The settings of a test run: `petri.config.ts` beside vitest's configuration, below `PETRI_*` variables, below flags.
 * Throws UsageError with every problem.
 */
export async function loadSettings(
  vitest: Vitest,
  flags: Readonly<Record<string, string | undefined>>,
): Promise<Settings> {
  const { root } = vitest.config;
  const configFile = names.map((name) => join(root, name)).find((path) => existsSync(path));
  const sources = { env: process.env, flags, cwd: process.cwd() };
  if (configFile === undefined) return mergeSettings(sources);
  try {
    const { default: config } = await vitest.import<{ default?: unknown }>(configFile);
    return mergeSettings({ ...sources, config, configFile });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${configFile} cannot be loaded: ${(error as Error).message}`, { cause: error });
  }
}
