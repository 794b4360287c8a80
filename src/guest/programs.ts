import type { ForwardAddress } from "../host/forwarder.ts";
import { TimeoutError, UnsupportedError, UsageError } from "../machine/errors.ts";
import { longestTimerMs, showDuration, timeoutMs } from "../power/wait.ts";
import type { UntimedEvent } from "../trace/event.ts";
import { anySignal } from "./any-signal.ts";
import type { GuestChannel } from "./channel.ts";
import { titleOf } from "./command.ts";
import { describeEnd, type ExecOptions, type ExecResult } from "./exec.ts";
import { type Forward, forwardPort } from "./forward.ts";
import type { GuestProcess, GuestShell, ShellOptions, SpawnOptions } from "./process.ts";
import type { OpenTapStream } from "./tap/journal.ts";
import type { TapResult } from "./tap/result.ts";
import { runStreamed } from "./tap/run-streamed.ts";
import { type RunStreamed, type RunTapOptions, runTap } from "./tap/run-tap.ts";
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
   * Runs a program whose stdout is TAP or KTAP, and reads its results: each is one of the test's in every report, and one
   * that failed fails the test unless somebody looks at `ok`, `failed` or `points`.
   *
   * @example
   * await guest.runTap("/usr/lib/kselftest/run_kselftest.sh -c timers", { timeout: "5m" });
   * @throws TapError if the results are cut off, damaged or not as planned, or the program ended otherwise than they say
   */
  runTap(command: string | readonly string[], options?: RunTapOptions): Promise<TapResult>;
  /**
   * Starts a script or a program, and resolves when it runs: talk to it by its streams. Nobody waits for it: one that
   * fails, and whose end nobody asked for by `wait()` or `kill()`, fails the test.
   *
   * @example
   * const server = await guest.spawn(["nc", "-l", "-p", "80"]);
   * server.stdin.write("hello\n");
   * @throws UnsupportedError on a channel without streams: a serial shell
   */
  spawn(command: string | readonly string[], options?: SpawnOptions): Promise<GuestProcess>;
  /**
   * Opens a port of the host, or a Unix socket, whose connections go to that TCP port of the guest's own 127.0.0.1. It
   * outlives a reboot, and ends with the VM.
   */
  forward(port: number, at?: ForwardAddress): Promise<Forward>;
  /** The guest's shell on a terminal of its own. */
  shell(options?: ShellOptions): Promise<GuestShell>;
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

/** What programs need of their VM. */
export interface ProgramsHost {
  readonly defaultTimeoutMs: () => number;
  readonly record: (event: UntimedEvent) => void;
  /** Calls it when the VM ends. */
  onEnd(close: () => void): void;
  readonly openTap: OpenTapStream;
}

export function programsOf(
  channel: () => Promise<GuestChannel>,
  { defaultTimeoutMs, record, onEnd, openTap }: ProgramsHost,
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
    return noted(
      titleOf(command),
      async (given) => await given.exec(command, ms, options),
      // Told to the trace only: nobody has looked at it yet.
      (result) => result.facts.exitCode,
    );
  };

  const streamed: RunStreamed = (command, options, take) => {
    const ms = timeoutMs(options.timeout, defaultTimeoutMs);
    const act = async (given: GuestChannel) => await runStreamed(given, command, ms, options, take);
    return noted(titleOf(command), act, ({ exitCode }) => exitCode);
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
    spawn: (command, options) =>
      noted(`spawn ${titleOf(command)}`, (given) => {
        if (given.spawn) return given.spawn(command, options);
        throw lacking(given.name, "keeps no streams of a program open");
      }),
    forward: async (port, at = {}) => {
      if (!(await channel()).openPort) throw lacking((await channel()).name, "reaches no port of the guest's");
      const forward = await noted(`forward ${port}`, () => forwardPort(port, at, channel, record));
      onEnd(() => forward.close());
      return forward;
    },
    shell: (options = {}) =>
      noted("shell", (given) => {
        if (given.openShell) return given.openShell(options);
        throw lacking(given.name, "has no terminal to give");
      }),
    runTap: (command, options) => runTap(streamed, openTap, command, options),
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

function lacking(channel: GuestChannel["name"], what: string): UnsupportedError {
  return new UnsupportedError(
    `the channel ${channel} ${what}; use one that does: give the machine vsock: true, and an image with petri-agent`,
  );
}
