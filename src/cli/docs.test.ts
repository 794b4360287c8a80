import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { localHost } from "../host/local.ts";
import { docTables } from "./test/doc-tables.ts";
import { newFolder, petri, runPetri } from "./test/run-petri.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const pages = ["README.md", ...readdirSync(join(checkout, "docs")).map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith(".md"),
);
const textOf = (path: string) => readFileSync(join(checkout, path), "utf8");

/** Fenced blocks of a page whose info string is exactly that. */
function blocks(path: string, info: string): string[] {
  return [...textOf(path).matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)]
    .filter((match) => match[1] === info)
    .map((match) => match[2] ?? "");
}

test("generated tables are what the code says (UPDATE_DOCS=1 writes them)", () => {
  for (const path of pages) {
    const fresh = textOf(path).replace(
      /(<!-- generated: (\S+) -->\n)[\s\S]*?(<!-- end -->)/g,
      (_whole, begin: string, name: string, end: string) =>
        `${begin}${docTables[name]?.() ?? `no table ${name}`}\n${end}`,
    );
    if (process.env.UPDATE_DOCS) writeFileSync(join(checkout, path), fresh);
    expect(textOf(path)).toBe(fresh);
  }
});

test("README fits on its 150 lines, and its first screen holds the two commands", () => {
  const lines = textOf("README.md").split("\n");
  expect(lines.length).toBeLessThanOrEqual(150);
  const first = lines.slice(0, 40).join("\n");
  expect(first).toContain("npm ci && npx petri test --vmm v86");
  expect(first).toContain("npm ci && npm test");
});

test("links inside the repository lead somewhere", () => {
  for (const path of pages) {
    for (const [, target = ""] of textOf(path).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
      expect(() => readFileSync(join(checkout, path, "..", target)), `${path} links to ${target}`).not.toThrow();
    }
  }
});

/** `console run` blocks: what follows `$ ` is run, and the lines below are what it prints. */
function commands(block: string): { command: string; output: string }[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const end = /[^\\]\n/.exec(part);
      const at = (end?.index ?? part.length) + 2;
      return { command: part.slice(0, at).trim(), output: part.slice(at) };
    });
}

const hasQemu = localHost.which("qemu-system-x86_64") !== undefined;

describe.each(pages)("%s", (path) => {
  const shell = blocks(path, "console run").flatMap(commands);
  test.runIf(shell.length > 0)("prints what it shows", { timeout: 120_000 }, async () => {
    const cwd = newFolder();
    const bin = join(cwd, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "petri"), `#!/bin/sh\nexec '${process.execPath}' '${petri}' "$@"\n`, { mode: 0o755 });
    for (const { command, output } of shell) {
      const { all } = await execa("sh", ["-c", command], {
        ...{ cwd, all: true, reject: false, stdin: "ignore", stripFinalNewline: false },
        env: { PATH: `${bin}:${process.env.PATH}`, PETRI_VMM: "v86", NO_COLOR: "1", npm_command: "" },
      });
      expect(steady(all), command).toBe(steady(output));
    }
  });

  const scripts = blocks(path, "js");
  test.runIf(scripts.length > 0)("has JavaScript that the oldest Node reads", async () => {
    for (const script of scripts) {
      const input = { input: script, reject: false, all: true };
      expect((await execa(process.execPath, ["--input-type=module", "--check"], input)).all, script).toBe("");
    }
  });

  const tests = blocks(path, "ts").filter((block) => block.includes("vmTest("));
  const isForQemu = (block: string) => block.includes('vmm: "qemu"');
  for (const [vmm, own] of [
    ["v86", tests.filter((block) => !isForQemu(block))],
    ["qemu", hasQemu ? tests.filter(isForQemu) : []],
  ] as const) {
    test.runIf(own.length > 0)(`has tests that pass on ${vmm}`, { timeout: 120_000 }, async () => {
      const cwd = newFolder();
      await runPetri(cwd, ["init"]);
      mkdirSync(join(cwd, "node_modules"));
      symlinkSync(checkout, join(cwd, "node_modules/petri-vm"));
      symlinkSync(join(checkout, "node_modules/vitest"), join(cwd, "node_modules/vitest"));
      for (const [index, block] of own.entries()) writeFileSync(join(cwd, `tests/block-${index}.test.ts`), block);
      const { exitCode, stdout } = await runPetri(cwd, ["test", "tests/block", "--vmm", vmm]);
      expect(exitCode, stdout).toBe(0);
    });
  }
});

/** Times and run ids differ from run to run. */
function steady(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replace(/\d{8}-\d{6}Z-[0-9a-f]{6}/g, "RUN")
    .replace(/\d+(\.\d+)? (ms|s)\b/g, "TIME")
    .trimEnd();
}
