import type { Duplex, Readable, Writable } from "node:stream";
import type { ExecEnd, ExecOptions } from "./exec.ts";

/** As for `exec`, but for what streams make needless: `stdin` takes the input, `kill` or the signal ends it. */
export type SpawnOptions = Omit<ExecOptions, "timeout" | "input">;

/** A program that runs in the guest while a test talks to it. */
export interface GuestProcess {
  readonly command: string;
  /** `end()` closes its stdin. */
  readonly stdin: Writable;
  /** Neither stream is read ahead far: a program that prints on while nobody reads is held up, as in a pipe. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when it has ended, however it ended; rejects if the channel or the guest is gone first. */
  wait(): Promise<ExecEnd>;
  /** Sends a signal, `SIGTERM` if none is named, to it and to all it started in its process group. */
  kill(signal?: string): Promise<void>;
}

export interface ShellOptions {
  readonly columns?: number;
  readonly rows?: number;
  /** `TERM` in the guest; xterm-256color if absent. */
  readonly term?: string;
  readonly signal?: AbortSignal;
}

/** The guest's shell on a terminal of its own, for people: what is written is typed, what is read is shown. */
export interface GuestShell {
  readonly stream: Duplex;
  resize(columns: number, rows: number): void;
  /** Resolves when the shell has ended. */
  wait(): Promise<ExecEnd>;
}
