/** What a command in a guest is given, on every channel. */
export interface ExecOptions {
  /** Milliseconds, or `"5s"`. The command and what it started are then killed in the guest. */
  readonly timeout?: number | string;
  /** What it reads from stdin; without it stdin is empty. */
  readonly input?: string | Uint8Array;
  /** Variables set besides those of the guest's shell. */
  readonly env?: Readonly<Record<string, string>>;
  /** The folder it starts in. */
  readonly cwd?: string;
  readonly signal?: AbortSignal;
}

/** How a command ended. Exactly one of `exitCode` and `signal` is null, unless the signal is `unknown`. */
export interface ExecEnd {
  /** 0 to 255; null if a signal killed it. */
  readonly exitCode: number | null;
  /**
   * The signal that killed it, such as `SIGKILL`. `unknown` where the channel cannot tell: to a POSIX shell without
   * petri-agent a command that exits with 137 and one killed by signal 9 are the same, and `exitCode` then is what the
   * shell says.
   */
  readonly signal: string | null;
}

export interface ExecFacts extends ExecEnd {
  readonly command: string;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Milliseconds from the request to the answer. */
  readonly durationMs: number;
}

/** What a command did. Looking at neither `exitCode`, `signal` nor `ok` of one that failed fails the test at its end. */
export class ExecResult implements ExecEnd {
  readonly command: string;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly durationMs: number;
  readonly #end: ExecEnd;
  #isSeen = false;

  constructor({ command, stdout, stderr, durationMs, exitCode, signal }: ExecFacts) {
    this.command = command;
    this.stdout = stdout;
    this.stderr = stderr;
    this.durationMs = durationMs;
    this.#end = { exitCode, signal };
  }

  get exitCode(): number | null {
    this.#isSeen = true;
    return this.#end.exitCode;
  }

  get signal(): string | null {
    this.#isSeen = true;
    return this.#end.signal;
  }

  /** True if it exited with 0. */
  get ok(): boolean {
    this.#isSeen = true;
    return isSuccess(this.#end);
  }

  /** What it printed on stdout, as UTF-8 without the line end. */
  get text(): string {
    return this.stdout.toString("utf8").replace(/\r?\n$/, "");
  }

  /** How it ended, for records: this does not count as looking. */
  get facts(): ExecEnd {
    return this.#end;
  }

  /** True if it failed and nobody has asked how it ended. */
  get isIgnoredFailure(): boolean {
    return !this.#isSeen && !isSuccess(this.#end);
  }
}

export function isSuccess({ exitCode, signal }: ExecEnd): boolean {
  return exitCode === 0 && signal === null;
}

/** `exited with 3`, `was killed by SIGKILL`. */
export function describeEnd({ exitCode, signal }: ExecEnd): string {
  if (signal === null) return `exited with ${exitCode}`;
  return signal === "unknown" ? `exited with ${exitCode}, or was killed by a signal` : `was killed by ${signal}`;
}
