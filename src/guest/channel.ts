import type { Duplex } from "node:stream";
import type { ChannelName } from "../machine/channel.ts";
import type { ExecOptions, ExecResult } from "./exec.ts";
import type { GuestProcess, GuestShell, ShellOptions, SpawnOptions } from "./process.ts";

/** One way to run programs and move files in a guest. What they mean is the same on all of them. */
export interface GuestChannel {
  /** As the trace names it. */
  readonly name: ChannelName;
  /** @throws TimeoutError when the time is over; the command is killed in the guest first */
  exec(command: string | readonly string[], timeoutMs: number, options?: ExecOptions): Promise<ExecResult>;
  /** Starts a program whose streams stay open. Absent where the channel has no streams. */
  spawn?(command: string | readonly string[], options?: SpawnOptions): Promise<GuestProcess>;
  /** Makes or replaces a file. @throws HostError if it cannot be written whole */
  write(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** The same with a mode, and at once: the file has its name only when it is whole. Absent where `write` has to do. */
  place?(path: string, bytes: Uint8Array, mode: number, signal: AbortSignal): Promise<void>;
  /** @throws HostError if it cannot be read */
  read(path: string, signal: AbortSignal): Promise<Buffer>;
  /** A stream to that TCP port of the guest's 127.0.0.1. @throws HostError if nobody listens there */
  openPort?(port: number, signal: AbortSignal): Promise<Duplex>;
  /** The guest's shell on a terminal of its own. */
  openShell?(options: ShellOptions): Promise<GuestShell>;
  /** False once it is of no use any more: closed, or its other end is gone. */
  readonly isOpen: boolean;
  /** Gives up what it has open. Idempotent. */
  close(): void;
}
