import { closeSync, openSync, readSync } from "node:fs";
import type { ByteSource } from "../console/console.ts";

/** What is looked at in passing fits the processor's cache; larger pieces are read for one who wants them all. */
const mostPeeked = 64 * 1024;

/** A console's bytes as its recorder left them on disk. Little is kept in memory, whatever the guest prints. */
export class LogSource implements ByteSource {
  end = 0;
  private readonly path: string;
  private fd: number | undefined;
  private isClosed = false;
  /** What was peeked at last: several look at the same new bytes, one after the other. */
  private scratch: Buffer | undefined;
  private peeked = { start: 0, end: 0 };

  constructor(path: string) {
    this.path = path;
  }

  read(start: number, end: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
    return bytes.subarray(0, this.fill(bytes, start));
  }

  peek(start: number, end: number): Buffer {
    if (end - start > mostPeeked) return this.read(start, end);
    this.scratch ??= Buffer.allocUnsafeSlow(mostPeeked);
    if (start < this.peeked.start || end > this.peeked.end) {
      const length = Math.max(0, end - start);
      this.peeked = { start, end: start + this.fill(this.scratch.subarray(0, length), start) };
    }
    return this.scratch.subarray(start - this.peeked.start, Math.min(end, this.peeked.end) - this.peeked.start);
  }

  close(): void {
    this.isClosed = true;
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }

  private fill(bytes: Buffer, start: number): number {
    if (bytes.length === 0) return 0;
    this.fd ??= openSync(this.path, "r");
    let done = 0;
    while (done < bytes.length) {
      const count = readSync(this.fd, bytes, done, bytes.length - done, start + done);
      if (count === 0) break;
      done += count;
    }
    // A wait may take its last look after the VM was closed.
    if (this.isClosed) this.close();
    return done;
  }
}
