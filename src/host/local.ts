import { accessSync, chmodSync, constants, copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import type { Host } from "./host.ts";
import { listenObstacle } from "./ports.ts";
import { spawnProcess } from "./process.ts";
import { startRecording } from "./recording.ts";
import { runCommand } from "./run.ts";
import { openStdio } from "./stdio.ts";
import { writeCleanUp } from "./sweep.ts";

/** This machine. */
export const localHost: Host = {
  name: "local",
  platform: process.platform,
  get memoryBytes() {
    // Without a limit it is 0 or some number beyond all memory (process.constrainedMemory).
    return Math.min(totalmem(), process.constrainedMemory() || totalmem());
  },
  hasFifos: process.platform === "linux",
  run: runCommand,
  spawn: spawnProcess,
  record: startRecording,
  openStdio,
  which(program) {
    if (isAbsolute(program)) return may(program, constants.X_OK) ? program : undefined;
    return (process.env.PATH ?? "")
      .split(delimiter)
      .map((dir) => join(dir, program))
      .find((path) => may(path, constants.X_OK));
  },
  readable: (path) => may(path, constants.R_OK),
  readFile: (path) => readFileSync(path),
  copyFile: (from, to) => {
    copyFileSync(from, to);
    chmodSync(to, 0o600);
  },
  writeFile: (path, text) => writeFileSync(path, text, { mode: 0o600 }),
  keepCleanUp: writeCleanUp,
  listenObstacle,
  list: (dir) => {
    try {
      return readdirSync(dir);
    } catch {
      return [];
    }
  },
};

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
