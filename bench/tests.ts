import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { resolveImage } from "../src/image/resolve.ts";
import { bareQemu } from "./bare-qemu.ts";
import { compare, type Figure } from "./table.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const petri = join(root, "dist/cli/main.js");

/** Two files, one for each worker of a small machine. */
const files = 2;
const perFile = 60;
const total = files * perFile;

/** Whole runs of small tests, beside the same number of bare QEMUs, two at a time. */
export async function bench(): Promise<Figure[]> {
  const guest = await resolveImage("petri-guest", "kernel");
  const kernel = guest.kernel?.file ?? "";
  // Inside the package, so that the tests find it by its name.
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const dir = mkdtempSync(join(cache, "petri-bench-"));
  try {
    for (let file = 0; file < files; file++) writeFileSync(join(dir, `small-${file}.test.ts`), testFile);
    return await compare(
      `${total} petri-guest tests, boot to power-off`,
      "tests a minute",
      [
        { name: "bare QEMU | search, 2 at a time", run: async () => perMinute(await wall(() => bareGuests(kernel))) },
        { name: "petri test", run: async () => perMinute(await wall(() => petriTest(dir))) },
      ],
      3,
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const testFile = `import { expect, matrix, vmTest } from "petri-vm/test";
for (let i = 0; i < ${perFile}; i++) {
  vmTest("boots and powers off " + i, { on: matrix({ vmm: ["qemu"], boot: ["kernel"], image: "petri-guest" }) },
    async ({ vm, guest }) => {
      await expect(vm.console()).toPrint(/^petri-guest ready/);
      await guest.shutdown();
      await expect(vm).toPowerOff();
    });
}
`;

function perMinute(tookMs: number): number {
  return (total / tookMs) * 60_000;
}

async function wall(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function bareGuests(kernel: string): Promise<void> {
  let left = total;
  async function worker(): Promise<void> {
    while (left-- > 0) await bareQemu(["-m", "128", "-kernel", kernel], "petri-guest ready");
  }
  await Promise.all([worker(), worker()]);
}

function petriTest(dir: string): Promise<void> {
  const child = spawn(process.execPath, [petri, "test", "--vmm", "qemu", dir], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`petri test ended with ${code}`))));
  });
}
