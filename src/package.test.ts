import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { machineJsonSchema } from "./machine/schema.ts";

const checkout = join(import.meta.dirname, "..");
const project = mkdtempSync(join(tmpdir(), "petri-package-"));
const installed = join(project, "node_modules/petri-vm");
const run = (file: string, ...args: string[]) => execa(file, args, { cwd: project, all: true, reject: false });

// As npm installs it: what the tarball holds, with the packages it declares and no others.
beforeAll(async () => {
  const pack = ["pack", "--ignore-scripts", "--silent", "--pack-destination", project];
  const { stdout } = await execa("npm", pack, { cwd: checkout });
  mkdirSync(installed, { recursive: true });
  await execa("tar", ["-xzf", join(project, stdout.trim()), "--strip-components=1", "-C", installed]);
  // Our own file: it has both.
  const { dependencies, peerDependencies } = JSON.parse(
    readFileSync(join(installed, "package.json"), "utf8"),
  ) as Record<"dependencies" | "peerDependencies", Record<string, string>>;
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    const link = join(project, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(checkout, "node_modules", name), link);
  }
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }');
}, 60_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

test("the packed library boots a guest from a plain script, and its bins start", { timeout: 60_000 }, async () => {
  const script = `
    import { boot } from "petri-vm";
    const kernel = "node_modules/petri-vm/fixtures/petri-guest/built/petri-guest.elf";
    const vm = await boot({ machine: { boot: { kind: "kernel", kernel } }, placement: { vmm: "v86" }, traceDir: "trace" });
    const { text } = await vm.console().expect("petri-guest ready");
    await vm.quit();
    console.log(text);
  `;
  writeFileSync(join(project, "script.js"), script);
  expect((await run(process.execPath, "script.js")).all).toBe("petri-guest ready");
  const { bin } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as { bin: Record<string, string> };
  expect(Object.keys(bin)).toEqual(["petri", "petri-vm", "petri-v86"]);
  for (const path of Object.values(bin)) {
    expect((await run(join(installed, path), "--help")).all).toMatch(/^Usage: petri/);
  }
});

const library = `
  import { boot, type Match } from "petri-vm";
  export async function first(): Promise<string> {
    const vm = await boot({ machine: { boot: { kind: "kernel", kernel: "vmlinuz" } }, traceDir: "trace" });
    const match: Match = await vm.console().expect(/Linux/);
    // @ts-expect-error a match is no number
    return match.text satisfies number;
  }`;
const vmTests = `
  import { expect, matrix, vmTest } from "petri-vm/test";
  vmTest("x", { on: matrix({ boot: "pcat", image: "petri-guest" }) }, async ({ vm, guest }) => {
    await guest.shutdown();
    await expect(vm).toPowerOff();
    // @ts-expect-error there is no such matcher
    await expect(vm).toPowerOf();
  });`;

test.each([
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
])("the packed types satisfy a strict project, module %s", { timeout: 60_000 }, async (module, resolution) => {
  const tsc = join(checkout, "node_modules/typescript/bin/tsc");
  const strict = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"];
  // Apart: vitest brings types along that the library must not need.
  for (const source of [library, vmTests]) {
    writeFileSync(join(project, "use.ts"), source);
    const { all } = await run(tsc, ...strict, "--module", module, "--moduleResolution", resolution, "use.ts");
    expect(all).toBe("");
  }
});

test("the packed JSON Schema is the code's, under its own name", async () => {
  const script =
    'console.log(JSON.stringify((await import("petri-vm/machine.schema.json", { with: { type: "json" } })).default))';
  const { stdout } = await run(process.execPath, "--no-warnings", "--input-type=module", "-e", script);
  expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(machineJsonSchema())));
});
