import type { ByteSource } from "../console/console.ts";
import type { ConsoleName } from "../machine/machine.ts";
import { Oracle, type OracleOptions } from "../oracle/oracle.ts";
import type { Finding } from "../oracle/rule.ts";

/** A report that has begun is given this long; then its title is what it has shown (design: "the title fixes the verdict"). */
const reportMs = 500;
/** A line the guest stopped in is read as it stands after this much silence: prompts have no line end. */
const silenceMs = 300;
/** Read in one go: what stays in the processor's cache is read several times as fast. */
const pieceBytes = 64 * 1024;
/** Pieces in a row; then others have their turn. */
const piecesInTurn = 8;

interface Reader {
  readonly name: ConsoleName;
  readonly source: ByteSource;
  readonly oracle: Oracle;
  at: number;
  lastBytes: number;
  reportDeadline: NodeJS.Timeout | undefined;
  silence: NodeJS.Timeout | undefined;
  next: NodeJS.Immediate | undefined;
}

/** Reads every console of a VM as it grows, in bounded memory, and tells what it finds. */
export class OracleWatch {
  private readonly readers = new Map<ConsoleName, Reader>();
  private readonly onFinding: (console: ConsoleName, finding: Finding) => void;
  private readonly onFault: (error: Error) => void;

  constructor(
    sources: ReadonlyMap<ConsoleName, ByteSource>,
    options: OracleOptions & {
      readonly onFinding: (console: ConsoleName, finding: Finding) => void;
      /** A log that cannot be read must not pass for a healthy guest. */
      readonly onFault: (error: Error) => void;
    },
  ) {
    this.onFinding = options.onFinding;
    this.onFault = options.onFault;
    for (const [name, source] of sources) {
      const timers = { reportDeadline: undefined, silence: undefined, next: undefined };
      this.readers.set(name, { name, source, oracle: new Oracle(options), at: 0, lastBytes: 0, ...timers });
    }
    // Whoever made this first lets the guest run; then there is time until it prints.
    setImmediate(() => {
      for (const { oracle } of this.readers.values()) oracle.prepare();
    });
  }

  /** The console has more bytes. */
  advance(name: ConsoleName): void {
    const reader = this.readers.get(name);
    if (reader && reader.next === undefined) this.readPiece(reader);
  }

  /** Everything that was printed so far is looked at, now; reports that are open count as they are. */
  flush(): void {
    for (const reader of this.readers.values()) {
      this.readAll(reader);
      this.tell(reader, reader.oracle.end());
    }
  }

  /** The machine is about to start again: what comes next belongs to another boot. */
  restarted(): void {
    for (const reader of this.readers.values()) {
      this.readAll(reader);
      this.tell(reader, reader.oracle.restarted());
    }
  }

  private readPiece(reader: Reader): void {
    for (let turn = 0; turn < piecesInTurn && reader.at < reader.source.end; turn++) {
      const before = reader.at;
      this.read(reader, Math.min(reader.source.end, before + pieceBytes));
      if (reader.at === before) return;
    }
    if (reader.at >= reader.source.end) return;
    reader.next = setImmediate(() => {
      reader.next = undefined;
      this.readPiece(reader);
    });
  }

  private readAll(reader: Reader): void {
    clearImmediate(reader.next);
    reader.next = undefined;
    while (reader.at < reader.source.end) {
      const before = reader.at;
      this.read(reader, Math.min(reader.source.end, before + pieceBytes));
      if (reader.at === before) break;
    }
  }

  private read(reader: Reader, end: number): void {
    let bytes: Buffer;
    try {
      bytes = reader.source.peek?.(reader.at, end) ?? reader.source.read(reader.at, end);
    } catch (error) {
      this.onFault(error as Error);
      return;
    }
    if (bytes.length === 0) return;
    reader.at += bytes.length;
    reader.lastBytes = performance.now();
    this.tell(reader, reader.oracle.push(bytes));
    reader.silence ??= setTimeout(() => this.afterSilence(reader), silenceMs).unref();
  }

  private afterSilence(reader: Reader): void {
    const left = silenceMs - (performance.now() - reader.lastBytes);
    // Timers fire before arrivals are delivered: bytes may be there that nobody was told of yet.
    if (left > 0) reader.silence = setTimeout(() => this.afterSilence(reader), left).unref();
    else {
      reader.silence = undefined;
      setImmediate(() => {
        if (reader.silence === undefined) this.tell(reader, reader.oracle.lineSoFar());
      });
    }
  }

  private tell(reader: Reader, findings: Iterable<Finding>): void {
    for (const finding of findings) this.onFinding(reader.name, finding);
    if (!reader.oracle.isReporting) {
      clearTimeout(reader.reportDeadline);
      reader.reportDeadline = undefined;
    } else {
      reader.reportDeadline ??= setTimeout(() => {
        reader.reportDeadline = undefined;
        this.tell(reader, reader.oracle.settle());
      }, reportMs);
    }
  }
}
