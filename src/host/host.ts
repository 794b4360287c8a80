import type { HostPort } from "./ports.ts";
import type { NativeProcess, SpawnOptions } from "./process.ts";
import type { Recording, RecordingPlan } from "./recording.ts";
import type { RunOptions } from "./run.ts";
import type { Stdio } from "./stdio.ts";

/**
 * Where VMM processes live: this machine, or another one reached over SSH. Everything a VMM driver needs of a
 * machine goes through here, so that a driver does not know which it is.
 */
export interface Host {
  readonly name: string;
  readonly platform: NodeJS.Platform;
  /** All the memory there is, or that we may have where a container sets a limit. */
  readonly memoryBytes: number;
  run(file: string, args: readonly string[], options?: RunOptions): Promise<{ stdout: Buffer; stderr: string }>;
  /** Starts a VMM in a process group of its own that dies with us. */
  spawn(file: string, args: readonly string[], options: SpawnOptions): Promise<NativeProcess>;
  /** Whether a reader of a named pipe learns that its writer has ended: pipe(7) of Linux. */
  readonly hasFifos: boolean;
  /** Listens on the plan's sockets; resolves once a VMM may connect. */
  record(plan: RecordingPlan): Promise<Recording>;
  /** The VMM's end of a console that is recorded, for processes that have it as standard input and output. */
  openStdio(path: string, kind: "fifo" | "socket"): Promise<Stdio>;
  /** The program's path, or undefined if it is not there. */
  which(program: string): string | undefined;
  /** True if the file can be read. */
  readable(path: string): boolean;
  readFile(path: string): Buffer;
  list(dir: string): string[];
  /** The copy can be written, whatever the original's mode. */
  copyFile(from: string, to: string): void;
  writeFile(path: string, text: string): void;
  /** Keeps what has to be run if we are killed before we can: `writeCleanUp`. */
  keepCleanUp(runDir: string, commands: readonly (readonly string[])[]): void;
  /** Why nobody could listen on that port now; undefined if somebody could. */
  listenObstacle(port: HostPort): Promise<string | undefined>;
}
