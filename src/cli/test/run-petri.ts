import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { onTestFinished } from "vitest";

export const petri = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

/** A folder of the test's own, gone when it ends. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "petri-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts the built CLI in that folder, without a terminal, with the environment of the tests but for CI's settings. */
export function startPetri(cwd: string, args: readonly string[], env: Record<string, string> = {}) {
  const running = execa(process.execPath, [petri, ...args], {
    cwd,
    reject: false,
    stdin: "ignore",
    stripFinalNewline: false,
    env: {
      PETRI_RESULTS: join(cwd, "results"),
      PETRI_VMM: "",
      NO_COLOR: "1",
      npm_command: "",
      GITHUB_ACTIONS: "",
      ...env,
    },
  });
  onTestFinished(() => void running.kill());
  return running;
}

export async function runPetri(cwd: string, args: readonly string[], env: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = await startPetri(cwd, args, env);
  return { exitCode, stdout, stderr };
}
