import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../image/lock-file.ts";

interface Project {
  readonly hasPackage: boolean;
  /** Its package.json says `"type": "module"`. */
  readonly isModule: boolean;
}

/** What `petri init` writes, by path; a package.json only where there is none. */
export function templates({ hasPackage, isModule }: Project): ReadonlyMap<string, string> {
  return new Map([
    ...(hasPackage ? [] : [["package.json", packageJson()] as const]),
    ["petri.config.ts", config],
    // vite 8 complains about a .ts that package.json makes CommonJS, at every run.
    [isModule ? "vitest.config.ts" : "vitest.config.mts", vitestConfig],
    ["tests/boot.test.ts", exampleTest],
    [".github/workflows/petri.yml", workflow()],
  ]);
}

const config = `import { defineConfig } from "petri-vm";

// Flags and PETRI_* variables go before what is said here; \`npx petri test --help\` lists them.
export default defineConfig({
  // What every machine has unless its test says otherwise.
  machine: { memory: { size: "256M" } },
});
`;

const vitestConfig = `import { petri } from "petri-vm/test";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [petri()],
  test: { include: ["tests/**/*.test.ts"] },
});
`;

const exampleTest = `import { expect, matrix, vmTest } from "petri-vm/test";

// One function, one test for every VMM and every way to boot that this host can run.
vmTest("boots, answers and powers off", { on: matrix({ image: "petri-guest" }) }, async ({ vm, guest }) => {
  await expect(vm.console("com1")).toPrint(/^petri-guest ready/);
  expect(await guest.echo("hello")).toBe("hello");
  await guest.shutdown();
  await expect(vm).toPowerOff();
});

vmTest("comes back after a reset", { on: matrix({ image: "petri-guest" }) }, async ({ vm, guest }) => {
  await guest.ready();
  await guest.reset();
  const event = await vm.power.next("reset");
  await expect(vm.console("com1")).toPrint(/^petri-guest ready/, { after: event });
});
`;

/** The versions that this Petri was tested with. */
function packageJson(): string {
  const own = readFileSync(join(packageRoot, "package.json"), "utf8");
  // Our own file: npm refuses to pack one without these.
  const { version, peerDependencies } = JSON.parse(own) as { version: string; peerDependencies: { vitest: string } };
  const devDependencies = { "petri-vm": `^${version}`, vitest: peerDependencies.vitest };
  return `${JSON.stringify({ private: true, type: "module", scripts: { test: "petri test" }, devDependencies }, null, 2)}\n`;
}

/** The pipeline that the package ships for copying. */
function workflow(): string {
  return readFileSync(join(packageRoot, "ci/github-actions.yml"), "utf8").replace(/^# Copy to .*\.yml\. /, "# ");
}
