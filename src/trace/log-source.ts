import { closeSync, openSync, readSync } from "node:fs";
import type { ByteSource } from "../console/console.ts";

/** A console's bytes as its recorder left them on disk. Nothing is kept in memory, whatever the guest prints. */
export class LogSource implements ByteSource {
  end = 0;
  private readonly path: string;
  private fd: number | undefined;
  private isClosed = false;

  constructor(path: string) {
    this.path = path;
  }

  read(start: number, end: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
    if (bytes.length === 0) return bytes;
    this.fd ??= openSync(this.path, "r");
    let done = 0;
    while (done < bytes.length) {
      const count = readSync(this.fd, bytes, done, bytes.length - done, start + done);
      if (count === 0) break;
      done += count;
    }
    // A wait may take its last look after the VM was closed.
    if (this.isClosed) this.close();
    return bytes.subarray(0, done);
  }

  close(): void {
    this.isClosed = true;
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }
}
