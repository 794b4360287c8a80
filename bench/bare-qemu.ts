import { spawn } from "node:child_process";

const plainPc = ["-accel", "tcg", "-M", "pc", "-nodefaults", "-no-user-config", "-display", "none", "-vga", "none"];

/** Time from spawn until QEMU's serial line, piped to us, holds the text; resolves once QEMU, killed then, is gone. */
export function bareQemu(args: readonly string[], text: string): Promise<number> {
  const started = performance.now();
  const child = spawn("qemu-system-x86_64", [...plainPc, ...args, "-serial", "stdio"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  return new Promise((resolve, reject) => {
    let seen = "";
    let took = Number.NaN;
    child.stdout.on("data", (chunk: Buffer) => {
      seen = (seen + chunk.toString("latin1")).slice(-65_536);
      if (!seen.includes(text) || !Number.isNaN(took)) return;
      took = performance.now() - started;
      child.kill("SIGKILL");
    });
    child.on("error", reject);
    child.on("exit", () => (Number.isNaN(took) ? reject(new Error(`QEMU ended without "${text}"`)) : resolve(took)));
  });
}
