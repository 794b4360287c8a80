import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "../machine/errors.ts";
import { mergeSettings, type Settings } from "../machine/settings.ts";

const names = ["ts", "mts", "js", "mjs"].map((extension) => `petri.config.${extension}`);

/** The settings of a command that is no test run: `petri.config.*` of the working folder, `PETRI_*`, flags. */
export async function loadSettings(
  flags: Readonly<Record<string, string | undefined>>,
  cwd: string = process.cwd(),
): Promise<Settings> {
  const configFile = names.map((name) => join(cwd, name)).find((path) => existsSync(path));
  const sources = { env: process.env, flags, cwd };
  if (configFile === undefined) return mergeSettings(sources);
  return mergeSettings({ ...sources, configFile, config: await loadConfig(configFile) });
}

async function loadConfig(path: string): Promise<unknown> {
  try {
    if (/\.m?js$/.test(path)) return await loadByNode(path);
    if (!("typescript" in process.features)) return await loadByVite(path);
    // Node takes a .ts file for CommonJS where package.json says so; a test run has vite load it, which does not.
    return await loadByNode(path).catch(async (error) => {
      if (error instanceof SyntaxError) return await loadByVite(path);
      throw error;
    });
  } catch (error) {
    throw new UsageError(`${path} cannot be loaded: ${(error as Error).message}`, { cause: error });
  }
}

async function loadByNode(path: string): Promise<unknown> {
  return ((await import(pathToFileURL(path).href)) as Loaded).default;
}

interface Loaded {
  readonly default?: unknown;
}

interface Config {
  readonly config: unknown;
}

/** Node 20 reads no TypeScript; vite, which vitest brings along, loads its own configuration so. */
async function loadByVite(path: string): Promise<unknown> {
  const vitest = createRequire(createRequire(path).resolve("vitest/package.json"));
  const vite = (await import(pathToFileURL(vitest.resolve("vite")).href)) as {
    loadConfigFromFile(...parts: [env: object, path: string, root: undefined, level: "error"]): Promise<Config | null>;
  };
  // Its warnings are about what a project says of its own modules; errors are thrown.
  return (await vite.loadConfigFromFile({ command: "serve", mode: "development" }, path, undefined, "error"))?.config;
}
