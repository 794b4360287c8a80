import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, matrix, vmTest } from "petri-vm/test";
import { afterEach } from "vitest";
import { patiently } from "../patience.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = join(root, "node_modules/.cache");
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder inside the package, so that tests in it find the package by its name. */
function newFolder(): string {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "petri-replay-"));
  folders.push(folder);
  return folder;
}

async function petri(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(root, "dist/cli/main.js"), ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  child.stderr.on("data", (text) => (output += text));
  const [exitCode] = await once(child, "close");
  return { exitCode: Number(exitCode), output };
}

/** One test for each way a run may end: some of them fail, and are meant to. */
const recorded = (vmm: string) => `
  import { expect, matrix, vmTest } from "petri-vm/test";
  const on = { on: matrix({ vmm: [${JSON.stringify(vmm)}], boot: "kernel", image: "petri-guest" }), timeout: "60s" };
  vmTest("passes", on, async ({ vm, guest }) => {
    await expect(vm.console()).toPrint(/^petri-guest ready (?<boot>\\w+)/);
    await guest.echo("alpha");
    await expect(vm.console()).toPrint("ok alpha");
    await expect(vm.console()).not.toPrint("BUG:", { during: 300 });
  });
  vmTest("resets and powers off", on, async ({ vm, guest }) => {
    await guest.reset();
    const reset = await vm.power.next("reset");
    await expect(vm.console()).toPrint("petri-guest ready", { after: reset });
    await guest.shutdown();
    await expect(vm).toPowerOff();
    await expect(vm.console().expect("more")).rejects.toThrow(/powered off/);
  });
  vmTest("times out", on, async ({ vm }) => {
    await expect(vm.console()).toPrint("login:", { timeout: "1s" });
  });
  vmTest("crashes", on, async ({ vm, guest }) => {
    await guest.ready();
    vm.console().sendLine("triple-fault");
    await expect(vm.console()).toPrint("never said");
  });
  vmTest("prints what it must not", on, async ({ vm, guest }) => {
    await guest.echo("BUG: here");
    await expect(vm.console()).not.toPrint(/BUG: \\w+/, { during: "1s" });
  });
  vmTest("waits for another event", on, async ({ vm, guest }) => {
    await guest.reset();
    await vm.power.next("shutdown");
  });
`;

const endings: Record<string, number> = {
  passes: 0,
  "resets-and-powers-off": 0,
  "times-out": 124,
  crashes: 3,
  "prints-what-it-must-not": 1,
  "waits-for-another-event": 1,
};

vmTest(
  "a recorded test replays without a VM and ends as it did; another record ends otherwise",
  { on: patiently(matrix({ boot: "kernel", image: "petri-guest" })), timeout: "180s" },
  async ({ cell }) => {
    const dir = newFolder();
    writeFileSync(join(dir, "recorded.test.ts"), recorded(cell.vmm));
    const results = join(dir, "results");
    const run = await petri(["test", "--keep-traces", "all", "--results", results, dir]);
    expect(run.exitCode, run.output).toBe(1);

    const traces = readdirSync(results, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith("events.jsonl"))
      .map((path) => join(results, dirname(path)));
    const byTest = new Map(
      Object.keys(endings).map((name) => [name, traces.filter((trace) => trace.includes(`${name}-`))]),
    );
    for (const [name, [trace = "", ...more]] of byTest) {
      expect(more, `${name}: ${run.output}`).toEqual([]);
      const { exitCode, output } = await petri(["replay", trace]);
      expect(output, name).not.toMatch(/^[✗?]/m);
      expect(exitCode, `${name}: ${output}`).toBe(endings[name]);
    }

    const [passed = ""] = byTest.get("passes") ?? [];
    const log = join(passed, "com1.log");
    const bytes = readFileSync(log, "latin1");
    for (const other of [bytes.replace("ok alpha", "ok Alpha"), bytes.replace("ready kernel", "ready BUG: ..")]) {
      writeFileSync(log, other, "latin1");
      const { exitCode, output } = await petri(["replay", passed]);
      expect(exitCode, output).toBe(1);
      expect(output).toMatch(/^✗ com1/m);
    }
  },
);
