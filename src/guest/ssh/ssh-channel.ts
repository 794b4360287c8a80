import { setMaxListeners } from "node:events";
import type { Duplex, Readable } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { HostError, TimeoutError, UsageError } from "../../machine/errors.ts";
import { printable } from "../../power/printable.ts";
import { longestTimerMs, reasonWithContext, showDuration } from "../../power/wait.ts";
import { anySignal } from "../any-signal.ts";
import type { GuestChannel } from "../channel.ts";
import { killedNote, termMs, titleOf, unkillable } from "../command.ts";
import { type ExecEnd, type ExecOptions, ExecResult } from "../exec.ts";
import type { GuestProcess, GuestShell, ShellOptions, SpawnOptions } from "../process.ts";
import { commandLine, killLine } from "./command-line.ts";
import { readGuestFile, writeGuestFile } from "./files.ts";
import { lostWhile, type SshProgram, startedProgram } from "./program.ts";
import { SessionQueue } from "./session-queue.ts";

/** Long enough for a busy guest to say what became of a command that was killed. */
const afterKillMs = 20_000;
/** What a program leaves behind may hold its stdout open: what comes of it later is not the program's. */
const afterEndMs = 1_000;

/** Commands, files, ports and terminals over one SSH connection. */
export class SshChannel implements GuestChannel {
  readonly name = "ssh";
  readonly #client: Client;
  readonly #sessions: SessionQueue;
  readonly #over: AbortSignal;
  readonly #lost = new AbortController();

  /** A client that is logged in. `over` is aborted, with why, when the guest is gone. */
  constructor(client: Client, over: AbortSignal) {
    this.#client = client;
    this.#over = over;
    this.#sessions = new SessionQueue(client);
    // As many programs as run at once hang on them.
    setMaxListeners(0, over, this.#lost.signal);
    client.on("close", () => this.#lost.abort());
    // Told to each program by the end of its channel.
    client.on("error", () => {});
  }

  get isOpen(): boolean {
    return !this.#lost.signal.aborted && !this.#over.aborted;
  }

  close(): void {
    this.#lost.abort();
    this.#client.end();
    this.#client.destroy();
  }

  /** @throws TimeoutError when its time is over; it and all it started in its process group are killed first */
  exec(command: string | readonly string[], timeoutMs: number, options: ExecOptions = {}): Promise<ExecResult> {
    return this.#run(command, timeoutMs, options, false);
  }

  async #run(
    command: string | readonly string[],
    timeoutMs: number,
    options: ExecOptions,
    isToEndAnother: boolean,
  ): Promise<ExecResult> {
    const title = titleOf(command);
    const time = new AbortController();
    const late = new TimeoutError(`${title} did not end within ${showDuration(timeoutMs)}`);
    const timer = timeoutMs > longestTimerMs ? undefined : setTimeout(() => time.abort(late), timeoutMs);
    const ends = anySignal(time.signal, this.#over, this.#lost.signal, options.signal);
    const started = performance.now();
    const out = { stdout: new Sink(), stderr: new Sink() };
    let program: SshProgram | undefined;
    try {
      program = await until(ends.signal, this.#start(command, title, options, ends.signal, isToEndAnother));
      out.stdout.take(program.stream);
      out.stderr.take(program.stream.stderr);
      program.stream.end(options.input);
      const end = await until(ends.signal, program.ended);
      await this.#drained(program.stream, ends.signal);
      return new ExecResult({
        ...{ ...end, command: title, stdout: out.stdout.bytes, stderr: out.stderr.bytes },
        durationMs: performance.now() - started,
      });
    } catch (error) {
      if (this.#over.aborted) throw this.#gone(title);
      if (error === this.#lost.signal.reason) {
        throw program ? lostWhile(title) : new HostError(`${title} was not started: the channel ssh is closed`);
      }
      if (error !== late && error !== options.signal?.reason) throw error;
      if (!program) throw error === late ? new TimeoutError(`${late.message}\n  it was not started`) : error;
      const left = await this.#end(program, out);
      if (error !== late) throw error;
      throw new TimeoutError(`${late.message}\n  ${left}`);
    } finally {
      ends.release();
      clearTimeout(timer);
    }
  }

  async spawn(command: string | readonly string[], options: SpawnOptions = {}): Promise<GuestProcess> {
    const title = titleOf(command);
    const ends = anySignal(this.#over, options.signal);
    const program = await until(ends.signal, this.#start(command, title, options, ends.signal)).finally(ends.release);
    const ended = this.#endOf(title, program.ended);
    const kill = (signal = "SIGTERM") => this.#kill(program, signal);
    const stop = () => void kill("SIGKILL").catch(() => {});
    options.signal?.addEventListener("abort", stop, { once: true });
    ended.then(
      () => options.signal?.removeEventListener("abort", stop),
      () => {},
    );
    const { stream } = program;
    return { command: title, stdin: stream, stdout: stream, stderr: stream.stderr, wait: () => ended, kill };
  }

  write(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return writeGuestFile(this, path, bytes, signal);
  }

  read(path: string, signal: AbortSignal): Promise<Buffer> {
    return readGuestFile(this, path, signal);
  }

  openPort(port: number, signal: AbortSignal): Promise<Duplex> {
    const opened = new Promise<Duplex>((resolve, reject) => {
      if (!this.isOpen) return reject(new HostError(`ssh: port ${port} of the guest: the channel is closed`));
      this.#client.forwardOut("127.0.0.1", 0, "127.0.0.1", port, (error, stream) => {
        if (!error) return resolve(stream);
        const why = /prohibited/i.test(error.message)
          ? "sshd does not forward (AllowTcpForwarding)"
          : "the connection was refused: nobody listens there";
        reject(new HostError(`ssh: port ${port} of the guest: ${why}`, { cause: error }));
      });
    });
    return until(signal, opened);
  }

  async openShell({ columns = 80, rows = 24, term = "xterm-256color", signal }: ShellOptions): Promise<GuestShell> {
    const ends = anySignal(this.#over, this.#lost.signal, signal);
    const opened = this.#sessions.open(
      "a shell",
      (done) => void this.#client.shell({ cols: columns, rows, term }, done),
    );
    const { stream, ended: told } = await until(ends.signal, opened).finally(ends.release);
    const ended = this.#endOf("a shell", told);
    return {
      stream,
      resize: (newColumns, newRows) => stream.setWindow(newRows, newColumns, 0, 0),
      wait: () => ended,
    };
  }

  /** As its channel tells it, or why nobody will: what was printed may never be read. */
  #endOf(title: string, told: Promise<ExecEnd>): Promise<ExecEnd> {
    const ended = until(this.#over, until(this.#lost.signal, told)).catch((error: unknown) => {
      if (this.#over.aborted) throw this.#gone(title);
      throw this.#lost.signal.aborted ? lostWhile(title) : error;
    });
    // Asked for by whoever wants to know.
    ended.catch(() => {});
    return ended;
  }

  async #start(
    command: string | readonly string[],
    title: string,
    { env, cwd }: Pick<ExecOptions, "env" | "cwd">,
    signal: AbortSignal,
    isToEndAnother = false,
  ): Promise<SshProgram> {
    const line = commandLine(command, { ...(env && { env }), ...(cwd !== undefined && { cwd }) });
    const session = await this.#sessions.open(title, (done) => void this.#client.exec(line, done), isToEndAnother);
    // Nobody waits for it any more: it ends with its channel.
    if (signal.aborted) session.stream.close();
    return await startedProgram(session, title, cwd);
  }

  /** Waits for the rest of what an ended program printed. */
  async #drained({ stdout, stderr }: ClientChannel, signal: AbortSignal): Promise<void> {
    const ends = [stdout, stderr].map(
      (stream) =>
        new Promise<void>((resolve) => {
          if (stream.readableEnded) resolve();
          else stream.once("end", resolve).once("close", resolve);
        }),
    );
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, afterEndMs);
    });
    await until(signal, Promise.race([Promise.all(ends), enough])).finally(() => clearTimeout(timer));
  }

  async #kill({ pid }: SshProgram, signal: string): Promise<void> {
    if (!/^SIG[A-Z0-9]+$/.test(signal)) {
      throw new UsageError(`kill: ${JSON.stringify(signal)} is no signal: write a name such as SIGTERM`);
    }
    const { ok, stderr } = await this.#run(killLine(pid, signal), afterKillMs, {}, true);
    if (!ok) throw new HostError(`kill ${signal} ${pid}: the guest refused: ${printable(stderr.toString("utf8"))}`);
  }

  /** Kills a program's process group in the guest, and says what it had printed or that nobody knows. */
  async #end(program: SshProgram, { stdout, stderr }: Record<"stdout" | "stderr", Sink>): Promise<string> {
    try {
      const isOver = program.ended.then(
        () => true,
        () => true,
      );
      await this.#kill(program, "SIGTERM").catch(() => {});
      if (!(await within(termMs, isOver))) {
        await this.#kill(program, "SIGKILL");
        if (!(await within(afterKillMs, isOver))) return unkillable;
      }
      return killedNote(stdout, stderr);
    } catch {
      return unkillable;
    } finally {
      program.stream.close();
    }
  }

  #gone(title: string): Error {
    const reason = this.#over.reason as Error;
    return reasonWithContext(reason, `${reason.message} while ${title} ran in the guest`);
  }
}

/** All that a stream gave. */
class Sink {
  readonly #parts: Buffer[] = [];

  take(stream: Readable): void {
    stream.on("data", (part: Buffer) => this.#parts.push(part));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  get length(): number {
    return this.#parts.reduce((sum, part) => sum + part.length, 0);
  }
}

/** What the promise gives, or the signal's reason if that comes first. */
function until<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** True if the promise is met in that time. */
async function within(ms: number, met: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  return await Promise.race([met, late]).finally(() => clearTimeout(timer));
}
