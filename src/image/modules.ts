import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { runCommand } from "../host/run.ts";
import type { CpioEntry } from "./cpio.ts";

export interface KernelModule {
  readonly name: string;
  readonly data: Buffer;
  readonly depends: readonly string[];
  readonly aliases: readonly string[];
}

/**
 * The wanted modules of an unpacked kernel package, each after what it needs. Names the kernel does not have are
 * left out: they are built in, or this flavour lacks them.
 */
export async function readModules(
  folder: string,
  wanted: readonly string[],
  xz: string,
  signal?: AbortSignal,
): Promise<KernelModule[]> {
  const found = await readdir(folder, { recursive: true });
  const files = new Map<string, string>();
  for (const file of found.filter((path) => /\.ko(\.xz)?$/.test(path)).sort()) {
    files.set(moduleName(basename(file)), join(folder, file));
  }
  const modules = new Map<string, KernelModule>();
  const add = async (name: string): Promise<void> => {
    const file = files.get(name);
    if (!file || modules.has(name)) return;
    const module = parseModule(name, await readModule(file, xz, signal));
    for (const dependency of module.depends) await add(dependency);
    modules.set(name, module);
  };
  for (const name of wanted) await add(moduleName(name));
  return [...modules.values()];
}

async function readModule(file: string, xz: string, signal?: AbortSignal): Promise<Buffer> {
  if (!file.endsWith(".xz")) return await readFile(file);
  return (await runCommand(xz, ["-dc", file], signal ? { signal } : {})).stdout;
}

/** The kernel takes `-` and `_` in module names for the same. */
function moduleName(file: string): string {
  return file.replace(/\.ko(\.xz)?$/, "").replaceAll("-", "_");
}

/** A module says what it needs and which devices it drives in its .modinfo section: NUL-terminated `key=value`. */
export function parseModule(name: string, data: Buffer): KernelModule {
  const text = data.toString("latin1");
  const values = (key: string) =>
    [...text.matchAll(new RegExp(`\0${key}=([\\x20-\\x7e]*)(?=\0)`, "g"))].map((match) => match[1] ?? "");
  const soft = values("softdep").flatMap((line) => /pre:((?: (?!post:)\S+)*)/.exec(line)?.[1]?.trim().split(" ") ?? []);
  const depends = [...values("depends").flatMap((line) => line.split(",")), ...soft];
  return { name, data, depends: depends.filter(Boolean).map(moduleName), aliases: values("alias") };
}

/**
 * Modules with the two tables that busybox's modprobe reads; depmod would need the kernel installed. Those that are
 * loaded by hand are not found by device.
 */
export function moduleEntries(
  release: string,
  modules: readonly KernelModule[],
  byHand: readonly string[],
): CpioEntry[] {
  const silent = new Set(byHand.map(moduleName));
  const folder = `lib/modules/${release}`;
  const known = new Map(modules.map((module) => [module.name, module]));
  /** All that a module needs, each after what it needs itself. */
  const needs = (module: KernelModule, found: Set<string> = new Set()): Set<string> => {
    for (const name of module.depends) {
      const dependency = known.get(name);
      if (dependency && !found.has(name)) needs(dependency, found).add(name);
    }
    return found;
  };
  // modprobe loads a line's modules from right to left.
  const dep = modules.map((module) => {
    const files = [...needs(module)].reverse().map((name) => ` ${name}.ko`);
    return `${module.name}.ko:${files.join("")}\n`;
  });
  const alias = modules.flatMap((module) => {
    // `pci:…` is a device; `fs-ext4` and `crypto-crc32c` are what the kernel itself asks for.
    const asked = module.aliases.filter((pattern) => !silent.has(module.name) || !pattern.includes(":"));
    return asked.map((pattern) => `alias ${pattern} ${module.name}\n`);
  });
  const table = (name: string, lines: readonly string[]): CpioEntry => ({
    path: `${folder}/${name}`,
    kind: "file",
    mode: 0o644,
    data: Buffer.from(lines.join("")),
  });
  return [
    table("modules.dep", dep),
    table("modules.alias", alias),
    ...modules.map(
      (module): CpioEntry => ({ path: `${folder}/${module.name}.ko`, kind: "file", mode: 0o644, data: module.data }),
    ),
  ];
}
