import type { ExecOptions, ExecResult } from "./exec.ts";

/** One way to run programs and move files in a guest. What they mean is the same on all of them. */
export interface GuestChannel {
  /** As the trace names it. */
  readonly name: "serial" | "ssh" | "vsock";
  /** @throws TimeoutError when the time is over; the command is killed in the guest first */
  exec(command: string | readonly string[], timeoutMs: number, options?: ExecOptions): Promise<ExecResult>;
  /** Makes or replaces a file. @throws HostError if it cannot be written whole */
  write(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** @throws HostError if it cannot be read */
  read(path: string, signal: AbortSignal): Promise<Buffer>;
}
