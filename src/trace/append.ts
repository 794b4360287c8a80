import { constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { TraceEvent } from "./event.ts";

// What a thread needs to add to a trace, and nothing that takes time to load: the schema is for readers.

export const traceVersion = 1;
export const eventsFile = "events.jsonl";

/** Opens a trace's events for appending; each thread of the process takes its own. */
export function openEvents(dir: string, extraFlags = 0): number {
  const { O_WRONLY, O_APPEND, O_CREAT } = constants;
  return openSync(join(dir, eventsFile), O_WRONLY | O_APPEND | O_CREAT | extraFlags, 0o644);
}

/**
 * Appends one record by a single write(2). With O_APPEND "the file offset is first set to the end of the file before
 * writing … as an atomic step" (write(2)), so lines of several threads never mix on a local file system.
 */
export function appendLine(fd: number, event: TraceEvent): void {
  const bytes = Buffer.from(toLine(event), "utf8");
  let done = writeSync(fd, bytes);
  // Short only when the disk or a limit is nearly reached: the next write reports which.
  while (done < bytes.length) done += writeSync(fd, bytes, done);
}

/** Nanoseconds since `clockStart`, a `process.hrtime.bigint()` of any thread of this process. Exact for 104 days. */
export function elapsed(clockStart: bigint): number {
  return Number(process.hrtime.bigint() - clockStart);
}

/** A record as its line, newline included. */
export function toLine(event: TraceEvent): string {
  return `${escapeJson(JSON.stringify(event))}\n`;
}

/**
 * JSON leaves C1 controls, line separators and invisible or direction-changing characters bare. Escaped, they mislead
 * neither a line splitter nor a terminal that is shown the file. The value stays the same.
 */
export function escapeJson(json: string): string {
  return json.replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
    Array.from({ length: char.length }, (_, index) => unicodeEscape(char.charCodeAt(index))).join(""),
  );
}

const unicodeEscape = (unit: number) => `\\u${unit.toString(16).padStart(4, "0")}`;

/** The payload of an `input` record: text where the bytes are valid UTF-8, base64 where not. */
export function inputPayload(bytes: Uint8Array): { text: string } | { base64: string } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString("utf8");
  return Buffer.from(text, "utf8").equals(buffer) ? { text } : { base64: buffer.toString("base64") };
}
