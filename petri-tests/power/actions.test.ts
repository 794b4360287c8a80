import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, matrix, vmTest } from "petri-vm/test";
import { patiently } from "../patience.ts";

const petri = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** The lease is the command's: no VM of the test's own runs. */
const one = { on: patiently(matrix({ boot: "kernel", image: "petri-guest" })), timeout: "120s" };

/** `petri boot` of petri-guest, which does what it is told and may have to answer again. */
async function boot(vmm: string, command: string, ...options: readonly string[]) {
  const script = ["--expect", "petri-guest ready", "--send", `${command}\\n`, "--timeout", "60s"];
  const child = spawn(
    process.execPath,
    [petri, "boot", "--image", "petri-guest", "--vmm", vmm, ...script, ...options],
    { cwd: mkdtempSync(join(tmpdir(), "petri-actions-")), stdio: ["ignore", "pipe", "pipe"] },
  );
  let stderr = "";
  child.stderr.on("data", (piece) => {
    stderr += piece;
  });
  const [exitCode] = await once(child, "close");
  return { exitCode, first: stderr.split("\n")[0] };
}

/** One that boots again and is asked to say so. */
const again = ["--expect", "petri-guest ready", "--send", "echo again\\n", "--expect", "ok again"];

vmTest("petri boot: every action of a reset", one, async ({ cell }) => {
  expect(await boot(cell.vmm, "reset cf9", ...again)).toMatchObject({ exitCode: 0 });
  const halt = ["--guest-reset-action", "halt"];
  expect(await boot(cell.vmm, "reset cf9", ...halt)).toMatchObject({ exitCode: 0 });
  expect(await boot(cell.vmm, "reset cf9", ...halt, ...again)).toMatchObject({ exitCode: 1 });
  expect(await boot(cell.vmm, "reset cf9", "--guest-reset-action", "exit:255")).toEqual({
    exitCode: 255,
    first: expect.stringMatching(/^petri: the guest reset \((cf9|cause unknown).*: action exit:255$/),
  });
});

vmTest("petri boot: every action of a shutdown", one, async ({ cell }) => {
  expect(await boot(cell.vmm, "shutdown")).toMatchObject({ exitCode: 0 });
  expect(await boot(cell.vmm, "shutdown", "--guest-shutdown-action", "reset", ...again)).toMatchObject({ exitCode: 0 });
  expect(await boot(cell.vmm, "shutdown", "--guest-shutdown-action", "exit")).toMatchObject({ exitCode: 0 });
  expect(await boot(cell.vmm, "shutdown", "--guest-shutdown-action", "exit:7")).toEqual({
    exitCode: 7,
    first: expect.stringMatching(/^petri: the guest powered off \(acpi-s5\) at .*: action exit:7$/),
  });
});

vmTest("petri boot: every action of a crash", one, async ({ cell }) => {
  expect(await boot(cell.vmm, "triple-fault")).toEqual({
    exitCode: 3,
    first: expect.stringMatching(/^petri: the guest crashed \(triple-fault/),
  });
  expect(await boot(cell.vmm, "triple-fault", "--guest-crash-action", "reset", ...again)).toMatchObject({
    exitCode: 0,
  });
  expect(await boot(cell.vmm, "triple-fault", "--guest-crash-action", "exit:5")).toMatchObject({ exitCode: 5 });
});

vmTest(
  "petri boot: every action of a watchdog",
  { on: matrix({ vmm: "qemu", boot: "kernel", image: "petri-guest" }), timeout: "120s" },
  async ({ cell }) => {
    const run = (...options: readonly string[]) => boot(cell.vmm, "watchdog arm 1", "--guest-watchdog", ...options);
    expect(await run(...again)).toMatchObject({ exitCode: 0 });
    expect(await run("--guest-watchdog-action", "halt")).toEqual({
      exitCode: 3,
      first: expect.stringMatching(/^petri: the watchdog expired \(i6300esb\)/),
    });
    expect(await run("--guest-watchdog-action", "exit:9")).toMatchObject({ exitCode: 9 });
  },
);
