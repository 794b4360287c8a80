import { TimeoutError, UsageError } from "../machine/errors.ts";
import { longestTimerMs, showDuration, timeoutMs } from "../power/wait.ts";
import type { UntimedEvent } from "../trace/event.ts";
import { anySignal } from "./any-signal.ts";
import type { GuestChannel } from "./channel.ts";
import { describeEnd, type ExecOptions, type ExecResult } from "./exec.ts";
import { download, upload } from "./transfer.ts";

export interface TransferOptions {
  /** Milliseconds, or `"5s"`. */
  readonly timeout?: number | string;
  readonly signal?: AbortSignal;
}

export interface WaitForOptions {
  /** Milliseconds, or `"5s"`. */
  readonly timeout?: number | string;
}

/** What a guest that runs programs can do besides what every guest can. */
export interface Programs {
  /**
   * Runs a script of the guest's shell, or a program with its arguments, and resolves when it has ended, however it
   * ended: look at `exitCode`, `signal` or `ok`. One that failed and that nobody looked at fails the test.
   *
   * @example
   * const { text } = await guest.exec("uname -r");
   * const { exitCode } = await guest.exec(["grep", "-q", pattern, "/etc/passwd"], { timeout: "5s" });
   * @throws TimeoutError when its time is over: it was then killed in the guest
   */
  exec(command: string | readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /**
   * Copies a file or a folder of the host into the guest, or bytes into a file there, modes kept. `to` is where it will
   * be, not the folder to put it in. What is there is whole: a file is checked before it gets its name.
   */
  upload(from: string | Uint8Array, to: string, options?: TransferOptions): Promise<void>;
  /** Copies a file or a folder of the guest to the host, modes kept. `to` is where it will be. */
  download(from: string, to: string, options?: TransferOptions): Promise<void>;
  /** What is in a file of the guest. */
  read(path: string, options?: TransferOptions): Promise<Buffer>;
  /**
   * Runs a script again and again until it exits with 0; resolves to what it printed then.
   * @throws TimeoutError with how it ended last
   */
  waitFor(script: string, options?: WaitForOptions): Promise<ExecResult>;
}

/** Asked again no sooner than this: a guest under test has other things to do. */
const pollMs = 100;

export function programsOf(
  channel: () => Promise<GuestChannel>,
  { defaultTimeoutMs, record }: { defaultTimeoutMs: () => number; record: (event: UntimedEvent) => void },
): Programs {
  let lastId = 0;

  /** Notes the command in the trace, and how it went. */
  async function noted<T>(
    command: string,
    act: (channel: GuestChannel) => Promise<T>,
    exitCode?: (result: T) => number | null,
  ): Promise<T> {
    const given = await channel();
    const facts = { kind: "driver", id: lastId++, driver: given.name, command } as const;
    record({ ...facts, phase: "begin" });
    try {
      const result = await act(given);
      record({ ...facts, phase: "end", ...(exitCode && { exitCode: exitCode(result) }) });
      return result;
    } catch (error) {
      record({ ...facts, phase: "end", error: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  }

  const exec = (command: string | readonly string[], options: ExecOptions = {}) => {
    const ms = timeoutMs(options.timeout, defaultTimeoutMs);
    const title = typeof command === "string" ? command : command.join(" ");
    return noted(
      title,
      async (given) => await given.exec(command, ms, options),
      // Told to the trace only: nobody has looked at it yet.
      (result) => result.facts.exitCode,
    );
  };

  async function within<T>(
    options: TransferOptions,
    act: (signal: AbortSignal) => Promise<T>,
    what: string,
  ): Promise<T> {
    const ms = timeoutMs(options.timeout, defaultTimeoutMs);
    const late = new TimeoutError(`${what} did not end within ${showDuration(ms)}`);
    const time = new AbortController();
    const timer = ms > longestTimerMs ? undefined : setTimeout(() => time.abort(late), ms);
    const ends = anySignal(time.signal, options.signal);
    try {
      return await act(ends.signal);
    } finally {
      ends.release();
      clearTimeout(timer);
    }
  }

  return {
    exec,
    upload: (from, to, options = {}) => {
      const what = `upload ${typeof from === "string" ? from : `${from.length} bytes`} to ${to}`;
      return within(options, (signal) => noted(what, (given) => upload(given, from, to, signal)), what);
    },
    download: (from, to, options = {}) => {
      const what = `download ${from} to ${to}`;
      return within(options, (signal) => noted(what, (given) => download(given, from, to, signal)), what);
    },
    read: (path, options = {}) =>
      within(options, (signal) => noted(`read ${path}`, (given) => given.read(path, signal)), `read ${path}`),
    waitFor: async (script, options = {}) => {
      const ms = timeoutMs(options.timeout, defaultTimeoutMs);
      if (script.trim() === "") throw new UsageError("waitFor: give a script whose exit code says whether to go on");
      const end = performance.now() + ms;
      while (true) {
        const began = performance.now();
        const result = await exec(script, { timeout: Math.max(1, Math.min(end - began, longestTimerMs)) });
        if (result.ok) return result;
        if (performance.now() + pollMs >= end) {
          const last = `it last ${describeEnd(result)}`;
          throw new TimeoutError(`${script} did not succeed within ${showDuration(ms)}\n  ${last}`);
        }
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + pollMs - performance.now())));
      }
    },
  };
}
