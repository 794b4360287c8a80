import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { newFolder, runPetri } from "./test/run-petri.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** As npm would have installed them. */
function link(cwd: string): void {
  mkdirSync(join(cwd, "node_modules"));
  symlinkSync(checkout, join(cwd, "node_modules/petri-vm"));
  symlinkSync(join(checkout, "node_modules/vitest"), join(cwd, "node_modules/vitest"));
}

test("what it writes into an empty folder passes as it is", { timeout: 120_000 }, async () => {
  const cwd = newFolder();
  const { exitCode, stdout } = await runPetri(cwd, ["init"]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "wrote package.json
    wrote petri.config.ts
    wrote vitest.config.ts
    wrote tests/boot.test.ts
    wrote .github/workflows/petri.yml
    wrote .gitignore

    Next:
      npm install
      npx petri test            runs tests/boot.test.ts on every VMM that works here
      npx petri doctor          what works here, and how to get the rest
    "
  `);
  expect(readFileSync(join(cwd, ".gitignore"), "utf8")).toBe("petri-results/\n");
  link(cwd);
  const run = await runPetri(cwd, ["test", "--vmm", "v86", "--boot", "kernel"]);
  expect(run.stdout).toMatch(/^✓ boots, answers and powers off \[v86 kernel petri-guest\]/m);
  expect(run.stdout).toMatch(/^2 passed, 0 failed/m);
  expect(run.exitCode).toBe(0);
});

test("a failure names its trace from the working folder on", { timeout: 60_000 }, async () => {
  const cwd = newFolder();
  link(cwd);
  writeFileSync(
    join(cwd, "red.test.ts"),
    'import { vmTest } from "petri-vm/test";\nvmTest("is red", ({ vm }) => { throw new Error(vm.state); });\n',
  );
  const { exitCode, stdout } = await runPetri(cwd, ["test", "--vmm", "v86", "--boot", "kernel"]);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^✗ is red .*\n {2}running\n {2}at red\.test\.ts:2:\d+\n {2}trace results\/.*\/1-vm$/m);
});

test("it overwrites nothing, and then writes nothing", async () => {
  const cwd = newFolder();
  writeFileSync(join(cwd, "vitest.config.ts"), "mine");
  const { exitCode, stderr } = await runPetri(cwd, ["init"]);
  expect(exitCode).toBe(64);
  expect(stderr).toContain("vitest.config.ts is there already");
  expect(readFileSync(join(cwd, "vitest.config.ts"), "utf8")).toBe("mine");
  expect(readdirSync(cwd)).toEqual(["vitest.config.ts"]);
});

test("a project's own configuration of vitest is not pushed aside: it says what to add to it", async () => {
  const cwd = newFolder();
  writeFileSync(join(cwd, "vite.config.js"), "mine");
  const { exitCode, stderr } = await runPetri(cwd, ["init"]);
  expect(exitCode).toBe(64);
  expect(stderr).toContain("vite.config.js is there already: for VM tests beside others, give it plugins: [petri()]");
  expect(readdirSync(cwd)).toEqual(["vite.config.js"]);
});

test.each(["commonjs", undefined])(
  "in a package of type %s nothing complains about its configuration",
  async (type) => {
    const cwd = newFolder();
    writeFileSync(join(cwd, "package.json"), JSON.stringify({ type }));
    expect(await runPetri(cwd, ["init"])).toMatchObject({ exitCode: 0, stderr: "" });
    link(cwd);
    expect(await runPetri(cwd, ["images", "list"])).toMatchObject({ exitCode: 0, stderr: "" });
    const run = await runPetri(cwd, ["test", "--vmm", "v86", "--boot", "kernel"]);
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
  },
  120_000,
);

test("in a project of its own it leaves package.json alone", async () => {
  const cwd = newFolder();
  writeFileSync(join(cwd, "package.json"), "{}");
  const { exitCode, stdout } = await runPetri(cwd, ["init"]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("  npm install --save-dev petri-vm vitest\n");
  expect(readFileSync(join(cwd, "package.json"), "utf8")).toBe("{}");
});

test.each([
  ["node_modules", "node_modules\npetri-results/\n"],
  ["node_modules/\r\n", "node_modules/\r\npetri-results/\r\n"],
  ["# petri-results/\n!petri-results/keep\n", "# petri-results/\n!petri-results/keep\npetri-results/\n"],
  ["a\npetri-results\r\nb\n", "a\npetri-results\r\nb\n"],
  ["/petri-results/ \n", "/petri-results/ \n"],
  ["**/petri-results/**", "**/petri-results/**"],
])("results are ignored once: %j becomes %j", async (before, after) => {
  const cwd = newFolder();
  writeFileSync(join(cwd, ".gitignore"), before);
  const { exitCode, stdout } = await runPetri(cwd, ["init"]);
  expect(exitCode).toBe(0);
  expect(readFileSync(join(cwd, ".gitignore"), "utf8")).toBe(after);
  expect(stdout.includes("added petri-results/ to .gitignore")).toBe(before !== after);
});

test("a .gitignore that is none stops it before anything is written", async () => {
  const cwd = newFolder();
  mkdirSync(join(cwd, ".gitignore"));
  const { exitCode, stderr } = await runPetri(cwd, ["init"]);
  expect(exitCode).toBe(71);
  expect(stderr).toContain(".gitignore cannot be read: EISDIR");
  expect(readdirSync(cwd)).toEqual([".gitignore"]);
});
