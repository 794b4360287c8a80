import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, matrix, vmTest } from "petri-vm/test";
import { patiently } from "../patience.ts";

const library = fileURLToPath(new URL("../../dist/index.js", import.meta.url));

/** A harness of its own that boots ten guests, says so, and goes on for ever. */
const harness = (vmm: string, results: string) => `
  import { boot, detectAll, localHost, resolveImage } from ${JSON.stringify(library)};
  const detections = await detectAll(localHost, { overrides: { bhyve: process.env.PETRI_BHYVE, openvmm: process.env.PETRI_OPENVMM }, only: [${JSON.stringify(vmm)}] });
  const image = await resolveImage("petri-guest", "kernel");
  const vms = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      boot({ machine: { memory: { size: "32M" } }, image, placement: { vmm: ${JSON.stringify(vmm)} }, detections,
             traceDir: ${JSON.stringify(results)} + "/" + i })));
  await Promise.all(vms.map((vm) => vm.console().expect("petri-guest ready")));
  console.log(vms.length + " guests run");
  setInterval(() => {}, 60_000);
`;

/** Processes whose environment names a folder below `root`. */
function marked(root: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "latin1").includes(`PETRI_RUN_DIR=${root}`);
    } catch {
      return false;
    }
  });
}

vmTest(
  "kill -9 of a harness with ten guests leaves nothing after the next start",
  { on: patiently(matrix({ boot: "kernel", image: "petri-guest" })), timeout: "120s" },
  async ({ cell }) => {
    const dir = mkdtempSync(join(tmpdir(), "petri-kill-"));
    const root = join(dir, "run");
    const env = { ...process.env, PETRI_RUN_ROOT: root };
    const start = async (name: string) => {
      mkdirSync(join(dir, name), { recursive: true });
      writeFileSync(join(dir, `${name}.mjs`), harness(cell.vmm, join(dir, name)));
      const child = spawn(process.execPath, [join(dir, `${name}.mjs`)], { env, stdio: ["ignore", "pipe", "inherit"] });
      const said = await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
      expect(String(said[0])).toContain("10 guests run");
      return child;
    };

    // A double has QEMU beside it.
    const processes = cell.isDouble ? 20 : 10;

    mkdirSync(root);
    const first = await start("first");
    const [user = ""] = readdirSync(root);
    const runs = join(root, user);
    expect(marked(root)).toHaveLength(processes);
    expect(readdirSync(runs)).toHaveLength(1);
    first.kill("SIGKILL");
    await once(first, "exit");

    // The folder, with its sockets, stays until the next start; that one finds and removes it.
    const [left = ""] = readdirSync(runs);
    expect(existsSync(join(runs, left))).toBe(true);
    const second = await start("second");
    expect(readdirSync(runs)).not.toContain(left);
    expect(marked(join(runs, left))).toEqual([]);
    expect(marked(root)).toHaveLength(processes);
    // What was recorded until the kill is still whole.
    for (let i = 0; i < 10; i++) {
      const events = readFileSync(join(dir, "first", String(i), "events.jsonl"), "utf8")
        .trimEnd()
        .split("\n");
      for (const line of events) JSON.parse(line);
    }
    second.kill("SIGKILL");
    await once(second, "exit");
  },
);
