import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByteLine } from "../link.ts";

/** A shell of this machine at the end of a terminal, as a guest's is at the end of a serial line. */
export interface LocalShell {
  readonly line: ByteLine;
  /** All that has arrived of what it said. */
  said(): Buffer;
  /** Everything that was typed. */
  typed(): string;
  prompt(): Promise<void>;
  end(): Promise<void>;
}

export interface Disturbance {
  /** What arrives instead of what the shell said. */
  readonly said?: (bytes: Buffer) => Buffer;
  /** What arrives instead of what was typed. */
  readonly typed?: (text: string) => string;
}

/** `sh` is the program that is called by that name; `path` is where the others are found. */
export function localShell(
  { said = (bytes) => bytes, typed = (text) => text }: Disturbance,
  { sh = "/bin/sh", path = "/usr/bin:/bin" }: { sh?: string; path?: string },
): LocalShell {
  const bin = mkdtempSync(join(tmpdir(), "petri-sh-"));
  symlinkSync(sh, join(bin, "sh"));
  // script(1) of bsdutils, which Debian always has, gives it a terminal.
  const shell = spawn("/usr/bin/script", ["-qefc", "sh -i", "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: `${bin}:${path}`, PS1: "# ", TERM: "dumb", SHELL: "/bin/sh" },
    detached: true,
  });
  const exited = once(shell, "exit");
  // Something may be asked once more of a shell that was just ended.
  shell.stdin.on("error", () => {});
  const listeners = new Set<(bytes: Uint8Array) => void>();
  const heard: Buffer[] = [];
  let sent = "";
  shell.stdout.on("data", (chunk: Buffer) => {
    const bytes = said(chunk);
    heard.push(bytes);
    for (const listener of listeners) listener(bytes);
  });
  return {
    line: {
      name: "com1",
      write: (text) => {
        sent += text;
        shell.stdin.write(typed(text));
      },
      listen: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    said: () => Buffer.concat(heard),
    typed: () => sent,
    prompt: async () => {
      while (!Buffer.concat(heard).includes("# ")) await once(shell.stdout, "data");
    },
    end: async () => {
      if (shell.pid !== undefined && shell.exitCode === null) process.kill(-shell.pid, "SIGKILL");
      await exited;
      rmSync(bin, { recursive: true, force: true });
    },
  };
}
