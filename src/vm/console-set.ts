import { join } from "node:path";
import { type ByteSource, Console } from "../console/console.ts";
import type { WaitObserver } from "../console/wait-record.ts";
import type { ConsoleName } from "../machine/machine.ts";
import { LogSource } from "../trace/log-source.ts";

/** How much is read back at once for a listener: bounded, whatever the guest prints. */
const pieceBytes = 256 * 1024;

interface Line {
  readonly console: Console;
  readonly source: LogSource;
  readonly pipes: { at: number; busy: boolean; readonly listener: (bytes: Buffer) => void | Promise<void> }[];
}

/** The consoles of one VM, joined to their logs. */
export class ConsoleSet {
  private readonly lines = new Map<ConsoleName, Line>();
  private readonly listeners: ((name: ConsoleName) => void)[] = [];

  constructor(
    names: readonly ConsoleName[],
    traceDir: string,
    options: {
      readonly send: (name: ConsoleName, bytes: Uint8Array, isSecret: boolean) => void;
      readonly defaultTimeoutMs: () => number;
      readonly observe?: WaitObserver;
    },
  ) {
    for (const name of names) {
      const source = new LogSource(join(traceDir, `${name}.log`));
      const send = (bytes: Uint8Array, isSecret: boolean) => options.send(name, bytes, isSecret);
      const { defaultTimeoutMs, observe } = options;
      const console = new Console({ name, source, send, defaultTimeoutMs, ...(observe && { observe }) });
      this.lines.set(name, { console, source, pipes: [] });
    }
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

  /** The recorder has written up to `end`. */
  advance(name: ConsoleName, end: number): void {
    const line = this.lines.get(name);
    if (!line) return;
    line.source.end = end;
    line.console.advance();
    this.pump(line);
    for (const listener of this.listeners) listener(name);
  }

  pipe(name: ConsoleName, listener: (bytes: Buffer) => void | Promise<void>): void {
    const line = this.lines.get(name);
    if (!line) return;
    line.pipes.push({ at: 0, busy: false, listener });
    this.pump(line);
  }

  /** How many bytes each console has produced. */
  ends(): Partial<Record<ConsoleName, number>> {
    return Object.fromEntries([...this.lines].map(([name, { source }]) => [name, source.end]));
  }

  end(reason: Error, how: { inOrder: boolean }): void {
    for (const { console } of this.lines.values()) console.end(reason, how);
  }

  reopen(): void {
    for (const { console } of this.lines.values()) console.reopen();
  }

  poison(reason: Error): void {
    for (const { console } of this.lines.values()) console.poison(reason);
  }

  unawaited(): string[] {
    return [...this.lines.values()].flatMap(({ console }) => console.unawaited());
  }

  close(): void {
    for (const { source } of this.lines.values()) source.close();
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
      const settled = pipe.listener(bytes);
      if (settled) await settled;
    }
    pipe.busy = false;
  }
}
