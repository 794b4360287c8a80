import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { HostError, VmmError } from "../machine/errors.ts";
import { openTerminal, type Terminal } from "./pty.ts";
import type { Stdio } from "./stdio.ts";

export interface SpawnOptions {
  /** The run directory: it marks the process, so that a sweep can find it whatever happened to us. */
  readonly runDir: string;
  /** stdout and stderr are appended here; stderr alone if a console has the rest. */
  readonly log: string;
  /** The console that the process has as standard input and output. */
  readonly stdio?: Stdio;
  /** Gives the process a terminal of ours as stdin and stdout. */
  readonly hasTerminal?: boolean;
  /** A Unix socket where somebody listens: stderr goes there, and not into the log. */
  readonly stderrTo?: string;
  /** Besides what we have ourselves. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export interface NativeProcess {
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  /** Present if one was asked for. */
  readonly terminal?: Terminal;
  /** Sends the signal to the process and all it started. */
  kill(signal: NodeJS.Signals): void;
  /** Sends the signal to the process alone. */
  signal(signal: NodeJS.Signals): void;
  /** The last lines of its output. */
  logTail(): string;
}

/** The environment variable that marks a VMM process with its run directory. */
export const runDirVariable = "PETRI_RUN_DIR";

// setpriv(1) of util-linux sets PR_SET_PDEATHSIG and execs: the kernel kills the VMM when we die, even by SIGKILL.
const setpriv =
  process.platform === "linux" ? ["/usr/bin/setpriv", "/bin/setpriv"].find((p) => existsSync(p)) : undefined;

/** False where only the next run's sweep ends a VMM whose harness was killed. */
export const hasDeathPact = setpriv !== undefined;

export async function spawnProcess(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<NativeProcess> {
  const log = openSync(options.log, "a+");
  const streams = await openStreams(options, log).catch((error) => {
    closeSync(log);
    throw error;
  });
  const [program, argv] = setpriv ? [setpriv, ["--pdeathsig", "KILL", "--", file, ...args]] : [file, [...args]];
  // Not through execa, which is for commands that end: a VMM has no pipes, and loading it would take 60 ms of a boot.
  const child = spawn(program, argv, {
    // A process group of its own: whatever the VMM starts is ended with it.
    detached: true,
    stdio: streams.stdio,
    // QEMU keeps the overlay of a throw-away disk in TMPDIR: there it is swept with the rest.
    env: { ...process.env, ...options.env, [runDirVariable]: options.runDir, TMPDIR: options.runDir },
  });
  streams.handedOver();
  const end = new Promise<ProcessEnd>((resolve) => {
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const { pid } = child;
  if (pid === undefined) {
    const [error] = (await once(child, "error")) as [Error];
    closeSync(log);
    streams.close();
    throw new HostError(`could not start ${file}: ${error.message}`, { cause: error });
  }
  let tail = "";
  const ended = end.then((how) => {
    tail = lastLines(log);
    closeSync(log);
    streams.close();
    killGroup(pid, "SIGKILL");
    return how;
  });
  let over = false;
  void ended.then(() => {
    over = true;
  });
  return {
    pid,
    ended,
    ...(streams.terminal && { terminal: streams.terminal }),
    kill: (signal) => {
      if (!over) killGroup(pid, signal);
    },
    signal: (signal) => {
      if (!over) child.kill(signal);
    },
    logTail: () => (over ? tail : lastLines(log)),
  };
}

interface Streams {
  readonly stdio: ("ignore" | number | Socket)[];
  readonly terminal?: Terminal;
  /** The process has its own copies by now. */
  handedOver(): void;
  close(): void;
}

async function openStreams({ stdio, hasTerminal, stderrTo }: SpawnOptions, log: number): Promise<Streams> {
  const errors = stderrTo === undefined ? undefined : await connected(stderrTo);
  const open = hasTerminal ? openTerminal() : undefined;
  return {
    stdio: [open?.device ?? stdio?.input ?? "ignore", open?.device ?? stdio?.output ?? log, errors ?? log],
    ...(open && { terminal: open.terminal }),
    handedOver() {
      errors?.destroy();
      if (open) closeSync(open.device);
    },
    close: () => open?.close(),
  };
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket));
    socket.once("error", (cause) => reject(new HostError(`cannot connect to ${path}: ${cause.message}`, { cause })));
  });
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: the whole group is gone, which is what a kill is for.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function lastLines(fd: number, count = 12): string {
  const size = fstatSync(fd).size;
  const bytes = Buffer.alloc(Math.min(size, 8192));
  readSync(fd, bytes, 0, bytes.length, size - bytes.length);
  return bytes.toString().trimEnd().split("\n").slice(-count).join("\n");
}

/** The error for a VMM that ended on its own before it was told to. */
export function diedEarly(what: string, end: ProcessEnd, tail: string): VmmError {
  const how = end.signal ? `was killed by ${end.signal}` : `ended with status ${end.exitCode}`;
  return new VmmError(`${what} ${how} before the guest could start${tail ? `\n  it said: ${tail}` : ""}`);
}
