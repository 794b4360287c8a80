import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const petri = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/**
 * `petri lab` in an empty folder unless another is named, with a run root and results of its own. Its stdout is read
 * once `read` is resolved.
 */
export function startLab(args: readonly string[], folder?: string, read: Promise<void> = Promise.resolve()) {
  const own = mkdtempSync(join(tmpdir(), "petri-lab-"));
  const cwd = folder ?? own;
  const root = join(own, "run");
  mkdirSync(root);
  const child = spawn(process.execPath, [petri, "lab", ...args], {
    cwd,
    env: { ...process.env, PETRI_RUN_ROOT: root, PETRI_RESULTS: join(own, "results") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { child, cwd, root, results: join(own, "results"), ended: ended(child, read) };
}

async function ended(child: ChildProcess, isRead: Promise<void>) {
  const pieces = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stderr?.on("data", (piece: Buffer) => pieces.stderr.push(piece));
  void isRead.then(() => child.stdout?.on("data", (piece: Buffer) => pieces.stdout.push(piece)));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout: Buffer.concat(pieces.stdout), stderr: Buffer.concat(pieces.stderr).toString() };
}
