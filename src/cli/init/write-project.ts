import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { HostError, UsageError } from "../../machine/errors.ts";
import { configNames } from "../../testing/vitest-setup.ts";
import { ignoreResults } from "./ignore-results.ts";
import { templates } from "./templates.ts";

/** Writes the files of a new project; nothing at all if one of them, or another configuration of vitest, is there. */
export function writeProject(cwd: string): number {
  const hasPackage = existsSync(join(cwd, "package.json"));
  const files = templates({ hasPackage, isModule: !hasPackage || isModule(join(cwd, "package.json")) });
  const isThere = (path: string) => existsSync(join(cwd, path));
  const configs = configNames.filter(isThere);
  const there = [...files.keys()].filter((path) => isThere(path) && !configs.includes(path));
  if (there.length + configs.length > 0) {
    throw UsageError.of(
      [
        ...there.map((path) => `${path} is there already`),
        ...configs.map((path) => `${path} is there already: ${addPlugin}`),
      ],
      "petri init overwrites nothing; move these away, or start in an empty folder",
    );
  }
  const ignore = ignoreResults(cwd);
  for (const [path, text] of files) write(join(cwd, path), text);
  const done = [...[...files.keys()].map((path) => `wrote ${path}`), ...(ignore ? [ignore()] : [])];
  process.stdout.write([...done, "", ...nextSteps(cwd, hasPackage), ""].join("\n"));
  return 0;
}

const addPlugin = 'for VM tests beside others, give it plugins: [petri()], with import { petri } from "petri-vm/test"';

function isModule(packageFile: string): boolean {
  try {
    const { type } = JSON.parse(readFileSync(packageFile, "utf8")) as { type?: unknown };
    return type === "module";
  } catch (error) {
    throw new UsageError(`${packageFile} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function write(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    throw new HostError(`${path} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

function nextSteps(cwd: string, hadPackage: boolean): string[] {
  const isInstalled = ["petri-vm", "vitest"].every((name) => existsSync(join(cwd, "node_modules", name)));
  const install = hadPackage ? "  npm install --save-dev petri-vm vitest" : "  npm install";
  return [
    "Next:",
    ...(isInstalled ? [] : [install]),
    "  npx petri test            runs tests/boot.test.ts on every VMM that works here",
    "  npx petri doctor          what works here, and how to get the rest",
  ];
}
