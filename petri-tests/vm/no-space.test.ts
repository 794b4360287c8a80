import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Cell, expect, matrix, vmTest } from "petri-vm/test";

const library = fileURLToPath(import.meta.resolve("petri-vm"));

/** A harness whose guest prints more than may be kept. */
const harness = (vmm: string, traceDir: string) => `
  import { boot, resolveImage } from ${JSON.stringify(library)};
  const vm = await boot({ image: await resolveImage("petri-guest", "kernel"), machine: { memory: { size: "64M" } },
    placement: { vmm: ${JSON.stringify(vmm)} }, traceDir: ${JSON.stringify(traceDir)} });
  const failed = await vm.guest.flood(300_000).catch((error) => error);
  const crash = await vm.crashed;
  await vm.quit();
  console.log(JSON.stringify({ failed: failed.name, crash: crash.message, state: vm.state }));
`;

/** OpenVMM's double does not start under the limit: it keeps files of its own, which are larger. */
const except = ({ vmm, isDouble }: Cell) =>
  isDouble && vmm === "openvmm" ? "the double of OpenVMM has larger files of its own to write" : undefined;

vmTest(
  "a record that cannot be kept fails the VM, names the first byte lost, and leaves nothing behind",
  { on: matrix({ boot: "kernel", image: "petri-guest", except }), timeout: "60s" },
  async ({ cell }) => {
    const dir = mkdtempSync(join(tmpdir(), "petri-space-"));
    const script = join(dir, "harness.mjs");
    writeFileSync(script, harness(cell.vmm, join(dir, "trace")));
    // No file may grow past 200 blocks of 512 bytes (POSIX ulimit); with SIGXFSZ ignored write(2) says so.
    const limited = `trap '' XFSZ; ulimit -f 200; exec "$0" "$1"`;
    const env = { ...process.env, PETRI_RUN_ROOT: dir };
    const { stdout } = await promisify(execFile)("sh", ["-c", limited, process.execPath, script], { env });
    const said = JSON.parse(stdout) as { failed: string; crash: string; state: string };
    expect(said).toMatchObject({ failed: "HostError", state: "ended" });
    expect(said.crash).toMatch(/cannot be written: keeping the bytes of com1 from offset \d+ on failed/);
    const [runs = ""] = readdirSync(dir).filter((name) => name.startsWith("petri-"));
    expect(existsSync(join(dir, runs)) && readdirSync(join(dir, runs))).toEqual([]);
  },
);
