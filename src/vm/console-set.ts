import { join } from "node:path";
import { type ByteSource, Console } from "../console/console.ts";
import type { WaitObserver } from "../console/wait-record.ts";
import type { ByteLine } from "../guest/serial/link.ts";
import type { ConsoleName } from "../machine/machine.ts";
import type { WaitWatcher } from "../power/wait-watcher.ts";
import { LogSource } from "../trace/log-source.ts";

/** How much is read back at once for a listener: bounded, whatever the guest prints, and small enough for a cache. */
const pieceBytes = 64 * 1024;

interface Line {
  readonly console: Console;
  /** The same line for the harness's own waits: nobody is told of them. */
  readonly unwatched: Console;
  readonly source: LogSource;
  readonly pipes: { at: number; busy: boolean; readonly listener: Listener }[];
  /** When the newest bytes came, in nanoseconds since the trace's start. */
  arrivedAt: number;
}

/** Gets the next piece, and when the newest bytes of the console came. */
type Listener = (bytes: Buffer, arrivedAt: number) => void | Promise<void>;

/** The consoles of one VM, joined to their logs. */
export class ConsoleSet {
  /** A line of context for failed waits, such as the boot phase. */
  context: () => string | undefined = () => undefined;
  private readonly lines = new Map<ConsoleName, Line>();
  private readonly listeners: ((name: ConsoleName) => void)[] = [];
  private readonly stopListeners = new Set<(reason: Error) => void>();
  private readonly typingListeners: ((name: ConsoleName) => void)[] = [];

  constructor(
    names: readonly ConsoleName[],
    traceDir: string,
    options: {
      readonly send: (name: ConsoleName, bytes: Uint8Array, isSecret: boolean) => void;
      readonly defaultTimeoutMs: () => number;
      readonly observe?: WaitObserver;
      readonly watcher?: WaitWatcher;
    },
  ) {
    for (const name of names) {
      const source = new LogSource(join(traceDir, `${name}.log`));
      const send = (bytes: Uint8Array, isSecret: boolean) => options.send(name, bytes, isSecret);
      const { defaultTimeoutMs, watcher, observe } = options;
      const describe = () => this.context();
      const shared = { name, source, send, defaultTimeoutMs };
      const typed = (bytes: Uint8Array, isSecret: boolean) => {
        for (const listener of this.typingListeners) listener(name);
        send(bytes, isSecret);
      };
      const console = new Console({ ...shared, send: typed, describe, watcher, ...(observe && { observe }) });
      this.lines.set(name, { console, unwatched: new Console(shared), source, pipes: [], arrivedAt: 0 });
    }
  }

  get names(): readonly ConsoleName[] {
    return [...this.lines.keys()];
  }

  get(name: ConsoleName): Console | undefined {
    return this.lines.get(name)?.console;
  }

  /** What each console has printed; `end` grows. */
  sources(): ReadonlyMap<ConsoleName, ByteSource> {
    return new Map([...this.lines].map(([name, { source }]) => [name, source]));
  }

  /** Called after a console has got more bytes and its waits were told. */
  onAdvance(listener: (name: ConsoleName) => void): void {
    this.listeners.push(listener);
  }

  /** The console for waits of the harness's own, which nobody has to await. */
  unwatched(name: ConsoleName): Console | undefined {
    return this.lines.get(name)?.unwatched;
  }

  /** The recorder has written up to `end`; the last of it came at `at` (ns since the trace's start). */
  advance(name: ConsoleName, end: number, at = 0): void {
    const line = this.lines.get(name);
    if (!line) return;
    line.source.end = end;
    line.arrivedAt = at;
    for (const console of [line.console, line.unwatched]) console.advance();
    this.pump(line);
    for (const listener of this.listeners) listener(name);
  }

  /** Hands over what a console has printed from byte `from` on; what it returns ends that. */
  pipe(name: ConsoleName, listener: Listener, from = 0): () => void {
    const line = this.lines.get(name);
    if (!line) return () => {};
    const pipe = { at: from, busy: false, listener };
    line.pipes.push(pipe);
    this.pump(line);
    return () => {
      line.pipes.splice(line.pipes.indexOf(pipe), 1);
    };
  }

  /** The console for a driver's own talk: nobody is told of it as of something that a test types or waits for. */
  byteLine(name: ConsoleName): ByteLine | undefined {
    const line = this.lines.get(name);
    return (
      line && {
        name,
        write: (bytes) => line.unwatched.send(bytes),
        listen: (listener) => this.pipe(name, listener, line.source.end),
      }
    );
  }

  /** Called, with why, whenever what runs in the guest is gone: it ended, failed or starts anew. What it returns ends that. */
  onStop(listener: (reason: Error) => void): () => void {
    this.stopListeners.add(listener);
    return () => this.stopListeners.delete(listener);
  }

  /** Called before somebody types on a console. */
  onTyping(listener: (name: ConsoleName) => void): void {
    this.typingListeners.push(listener);
  }

  /** How many bytes each console has produced. */
  ends(): Partial<Record<ConsoleName, number>> {
    return Object.fromEntries([...this.lines].map(([name, { source }]) => [name, source.end]));
  }

  end(reason: Error, how: { inOrder: boolean }): void {
    for (const console of this.all()) console.end(reason, how);
    this.stopped(reason);
  }

  /** Evidence for a wait that is for no text: the phase, and what each console printed last. */
  scene(): string[] {
    const phase = this.context();
    const said = this.names.flatMap((name) => this.lastLines(name));
    return [
      ...(phase === undefined ? [] : [phase]),
      ...(said.length === 0 ? ["no console has printed anything"] : said),
    ];
  }

  /** Under a heading, safe to show; nothing if it has printed nothing. */
  lastLines(name: ConsoleName, count = 10): string[] {
    const lines = this.get(name)?.lastLines(count) ?? [];
    return lines.length === 0 ? [] : [`last lines of ${name}:`, ...lines.map((line) => `  | ${line}`)];
  }

  reopen(): void {
    for (const console of this.all()) console.reopen();
  }

  /** Why no more comes from a console for now. */
  endReason(name: ConsoleName): Error | undefined {
    return this.get(name)?.endReason;
  }

  /** What ran in the guest is gone. */
  stopped(reason: Error): void {
    for (const listener of this.stopListeners) listener(reason);
  }

  poison(reason: Error): void {
    for (const console of this.all()) console.poison(reason);
    this.stopped(reason);
  }

  unawaited(): string[] {
    return [...this.lines.values()].flatMap(({ console }) => console.unawaited());
  }

  close(): void {
    for (const { source } of this.lines.values()) source.close();
  }

  private all(): Console[] {
    return [...this.lines.values()].flatMap(({ console, unwatched }) => [console, unwatched]);
  }

  private pump(line: Line): void {
    for (const pipe of line.pipes) {
      // A listener that fails, or a log that cannot be read, must not pass for a guest that printed nothing more.
      if (!pipe.busy) this.drain(line, pipe).catch((error) => line.console.poison(error as Error));
    }
  }

  private async drain(line: Line, pipe: Line["pipes"][number]): Promise<void> {
    pipe.busy = true;
    while (pipe.at < line.source.end) {
      const bytes = line.source.read(pipe.at, Math.min(line.source.end, pipe.at + pieceBytes));
      if (bytes.length === 0) break;
      pipe.at += bytes.length;
      const settled = pipe.listener(bytes, line.arrivedAt);
      if (settled) await settled;
    }
    pipe.busy = false;
  }
}
