import { existsSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { CliOptions, Vite } from "vitest/node";
import { petri } from "./plugin.ts";

interface VitestSetup {
  readonly filters: readonly string[];
  readonly options: CliOptions;
  readonly overrides: Vite.UserConfig & { test?: object };
}

const extensions = ["ts", "mts", "cts", "js", "mjs", "cjs"];
/** Where vitest looks for its configuration, in its order. */
export const configNames = ["vitest.config", "vite.config"].flatMap((name) =>
  extensions.map((each) => `${name}.${each}`),
);
const testFiles = "*.{test,spec}.?(c|m)[jt]s?(x)";

/**
 * How vitest is to be started for VM tests: by the project's own configuration where it has our plugin, since it then
 * is about them; else by ours, since a configuration without it is about other tests. Without paths ours takes the
 * tests below `petri-tests/`, or all of the project where there is no such folder.
 */
export async function vitestSetup(paths: readonly string[], named: string | false | undefined): Promise<VitestSetup> {
  const configFile = typeof named === "string" ? resolve(named) : findConfig();
  if (configFile !== undefined && (typeof named === "string" || (await hasPlugin(configFile)))) {
    return { filters: paths, options: { config: configFile }, overrides: { plugins: [petri()] } };
  }
  const { include, exclude, filters } = chosen(paths);
  return {
    filters,
    options: { config: false, root: process.cwd() },
    overrides: {
      plugins: [petri()],
      test: { include, exclude },
    },
  };
}

function findConfig(): string | undefined {
  return configNames.map((name) => join(process.cwd(), name)).find((path) => existsSync(path));
}

async function hasPlugin(configFile: string): Promise<boolean> {
  const { loadConfigFromFile } = await import("vite");
  const loaded = await loadConfigFromFile({ command: "serve", mode: "test" }, configFile, undefined, "silent");
  return await namesPetri(loaded?.config.plugins);
}

/** Plugins come in lists of lists and promises of them. */
async function namesPetri(option: unknown): Promise<boolean> {
  const plugin = await option;
  if (!Array.isArray(plugin)) return plugin instanceof Object && "name" in plugin && plugin.name === "petri";
  return (await Promise.all(plugin.map(namesPetri))).includes(true);
}

interface Chosen {
  readonly include: string[];
  readonly exclude: string[];
  readonly filters: string[];
}

/**
 * Existing files and folders say what the tests are, wherever they lie; other words are parts of the paths of the usual
 * tests. vitest takes the tests that are included and match one of the filters, so a folder is one of those, too.
 */
function chosen(paths: readonly string[]): Chosen {
  const isFolder = (path: string) => statSync(path).isDirectory();
  const inside = (path: string) => relative(process.cwd(), path).replaceAll("\\", "/") || ".";
  const known = paths.filter((path) => existsSync(path));
  const hasWords = known.length < paths.length;
  const usual = existsSync("petri-tests") ? ["petri-tests"] : ["."];
  const roots = [...known, ...(known.length === 0 || hasWords ? usual : [])];
  return {
    include: roots.map((path) => (isFolder(path) ? below(inside(path), testFiles) : inside(path))),
    exclude: roots.filter(isFolder).map((path) => below(inside(path), "node_modules/**")),
    // An absolute path is looked for from its start.
    filters: hasWords ? paths.map((path) => (known.includes(path) ? resolve(path) : path)) : [],
  };
}

function below(folder: string, pattern: string): string {
  return folder === "." ? `**/${pattern}` : `${folder}/**/${pattern}`;
}
