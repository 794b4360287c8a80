import { HostError, TimeoutError } from "../../machine/errors.ts";
import { longestTimerMs, reasonWithContext, showDuration } from "../../power/wait.ts";
import { anySignal } from "../any-signal.ts";
import { killedNote, termMs, titleOf, unkillable } from "../command.ts";
import { type ExecEnd, type ExecOptions, ExecResult } from "../exec.ts";
import { signalNumber } from "./linux-words.ts";
import { endOf, NotThere, startProgram } from "./programs.ts";
import type { AgentSession } from "./session.ts";
import type { AgentStream, StreamSink } from "./stream.ts";

/** Long enough for a busy guest to say what became of a command that was killed. */
const afterKillMs = 20_000;

/**
 * Runs a program to its end.
 * @throws TimeoutError when its time is over; its process group is killed first
 */
export async function execByAgent(
  session: AgentSession,
  command: string | readonly string[],
  timeoutMs: number,
  { input, env, cwd, signal }: ExecOptions,
): Promise<ExecResult> {
  const title = titleOf(command);
  const started = performance.now();
  const late = new TimeoutError(`${title} did not end within ${showDuration(timeoutMs)}`);
  const time = new AbortController();
  const timer = timeoutMs > longestTimerMs ? undefined : setTimeout(() => time.abort(late), timeoutMs);
  const ends = anySignal(time.signal, signal);
  const collector = new Collector();
  const result = (end: ExecEnd, stderr = collector.said(2)) =>
    new ExecResult({
      ...{ ...end, command: title, durationMs: performance.now() - started, stdout: collector.said(1), stderr },
    });
  let stream: AgentStream | undefined;
  try {
    ends.signal.throwIfAborted();
    const request = { command, env, cwd, hasStdin: input !== undefined };
    stream = await startProgram(session, request, collector);
    collector.stream = stream;
    if (input !== undefined) {
      stream.write(Buffer.from(input), () => {});
      stream.end();
    }
    return result(await untilAborted(collector.ended, ends.signal));
  } catch (error) {
    if (error instanceof NotThere)
      return result({ exitCode: error.exitCode, signal: null }, Buffer.from(error.message));
    if (collector.reason && error === collector.reason) throw whileItRan(collector.reason, title);
    if (!ends.signal.aborted || error !== ends.signal.reason || !stream) throw error;
    const note = await kill(stream, collector);
    throw error === late ? new TimeoutError(`${late.message}\n  ${note}`) : error;
  } finally {
    ends.release();
    clearTimeout(timer);
  }
}

/** What ended the session is the same for all; each says what it was doing. */
export function whileItRan(reason: Error, title: string): Error {
  const [first, ...rest] = reason.message.split("\n");
  return reasonWithContext(reason, [`${first} while ${title} ran in the guest`, ...rest].join("\n"));
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Asks its process group to end, and then makes it. Says what it had printed. */
async function kill(stream: AgentStream, collector: Collector): Promise<string> {
  const ended = (ms: number) => untilAborted(collector.ended, AbortSignal.timeout(ms));
  try {
    stream.signal(signalNumber("SIGTERM") ?? 0);
    await ended(termMs).catch(async () => {
      stream.signal(signalNumber("SIGKILL") ?? 0);
      await ended(afterKillMs);
    });
  } catch {
    return unkillable;
  }
  const said = (part: 1 | 2) => ({ bytes: collector.said(part), length: collector.said(part).length });
  return killedNote(said(1), said(2));
}

/** All that a program prints, and how it ends. */
class Collector implements StreamSink {
  readonly ended: Promise<ExecEnd>;
  /** What ended the session. */
  reason: Error | undefined;
  readonly #said: Record<number, Buffer[]> = { 1: [], 2: [] };
  #stream: AgentStream | undefined;
  #early: [part: number, length: number][] = [];
  #end: (end: ExecEnd) => void = () => {};
  #fail: (reason: Error) => void = () => {};

  constructor() {
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    this.ended.catch(() => {});
  }

  set stream(stream: AgentStream) {
    this.#stream = stream;
    for (const [part, length] of this.#early.splice(0)) stream.takes(part, length);
  }

  said(part: 1 | 2): Buffer {
    return Buffer.concat(this.#said[part] ?? []);
  }

  data(part: number, bytes: Buffer): void {
    const said = this.#said[part];
    if (!said) throw new HostError(`a program has no stream ${part}`);
    said.push(Buffer.from(bytes));
    if (this.#stream) this.#stream.takes(part, bytes.length);
    else this.#early.push([part, bytes.length]);
  }

  end(): void {}

  exit(code: number, signal: number): void {
    this.#end(endOf(code, signal));
  }

  lost(reason: Error): void {
    this.reason = reason;
    this.#fail(reason);
  }
}
