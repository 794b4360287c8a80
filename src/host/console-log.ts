import { closeSync, openSync, writeSync } from "node:fs";

/** Bytes that came with no pause between them. */
interface Chunk {
  readonly offset: number;
  readonly at: number;
  /** When its newest bytes came. */
  last: number;
  length: number;
}

/** A pause of this length ends a chunk, so that what a guest says after being silent has its own time. */
const pauseNs = 2_000_000;
/** A guest that never pauses gets a chunk for each frame of a display: times stay useful, the record stays small. */
const frameNs = 16_000_000;

/** The log file of one console, and the chunks in which its bytes came. */
export class ConsoleLog {
  /** Bytes the console has produced. */
  end = 0;
  /** Those of them that are in the file: fewer once the disk has refused some. */
  kept = 0;
  /** How many of those the readers know of. */
  announced = 0;
  /** When the newest bytes came, in nanoseconds since the trace's start. */
  arrivedAt = 0;
  private readonly fd: number;
  private chunk: Chunk | undefined;
  private isFull = false;

  constructor(path: string) {
    this.fd = openSync(path, "a");
  }

  get hasChunk(): boolean {
    return this.chunk !== undefined;
  }

  /** True if bytes that come now do not belong to the chunk that is open. */
  isChunkOver(now: number): boolean {
    return this.chunk !== undefined && (now - this.chunk.last > pauseNs || now - this.chunk.at > frameNs);
  }

  /** Appends bytes. Returns the error of the first that cannot be kept; later ones are only counted. */
  take(bytes: Buffer, now: number): unknown {
    this.chunk ??= { offset: this.end, length: 0, at: now, last: now };
    this.chunk.last = now;
    this.arrivedAt = now;
    this.chunk.length += bytes.length;
    this.end += bytes.length;
    if (this.isFull) return undefined;
    try {
      for (let done = 0; done < bytes.length; ) {
        const count = writeSync(this.fd, bytes, done);
        done += count;
        this.kept += count;
      }
    } catch (error) {
      this.isFull = true;
      return error;
    }
    return undefined;
  }

  /** Ends the chunk that is open. */
  takeChunk(): Chunk | undefined {
    const { chunk } = this;
    this.chunk = undefined;
    return chunk;
  }

  close(): void {
    closeSync(this.fd);
  }
}
