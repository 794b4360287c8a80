import { type FileHandle, open } from "node:fs/promises";
import { HostError } from "../../machine/errors.ts";
import type { ConsoleLog, Trace } from "../../trace/reader.ts";

/** What came at one moment: at most `readBytes` of it. */
export interface RecordedBytes {
  /** Nanoseconds since the trace's start; never less than before. */
  readonly t: number;
  readonly bytes: Buffer;
}

const readBytes = 65_536;

/** Reads a console's log at any place. Throws HostError for one that cannot be read. */
export async function openLog({ path }: ConsoleLog) {
  const fault = (error: unknown) => new HostError(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  const file: FileHandle = await open(path).catch((error) => Promise.reject(fault(error)));
  return {
    async read(offset: number, length: number): Promise<Buffer> {
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
        return buffer.subarray(0, bytesRead);
      } catch (error) {
        throw fault(error);
      }
    },
    close: () => file.close(),
  };
}

/**
 * Everything a console printed, in its order and with its times. What the log holds beyond the last event, because the
 * harness was killed in between, comes at last.
 */
export async function* recorded(
  trace: Trace,
  log: ConsoleLog,
  read: (offset: number, length: number) => Promise<Buffer>,
): AsyncGenerator<RecordedBytes> {
  let t = 0;
  let shown = 0;
  const upTo = async function* (end: number): AsyncGenerator<RecordedBytes> {
    while (shown < end) {
      const bytes = await read(shown, Math.min(readBytes, end - shown));
      if (bytes.length === 0) return;
      shown += bytes.length;
      yield { t, bytes };
    }
  };
  for await (const event of trace.events({ onMalformed: () => {} })) {
    if (event.kind !== "console" || event.console !== log.console) continue;
    t = Math.max(t, event.t);
    yield* upTo(event.offset + event.length);
  }
  yield* upTo(log.bytes);
}
