import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ConsoleLog } from "./console-log.ts";

const ms = 1_000_000;

/** Feeds bytes at these times, a hundred each, and returns the chunks they came in. */
function chunksOf(times: readonly number[]) {
  const path = join(mkdtempSync(join(tmpdir(), "petri-console-log-")), "com1.log");
  const log = new ConsoleLog(path);
  const chunks = [];
  for (const at of times) {
    if (log.isChunkOver(at)) chunks.push(log.takeChunk());
    expect(log.take(Buffer.alloc(100, "x"), at)).toBeUndefined();
  }
  chunks.push(log.takeChunk());
  log.close();
  expect(readFileSync(path).length).toBe(times.length * 100);
  return chunks.map((chunk) => [chunk?.at, chunk?.offset, chunk?.length]);
}

test("a pause gives what comes after it a time of its own", () => {
  expect(chunksOf([0, 1 * ms, 4 * ms, 5 * ms])).toEqual([
    [0, 0, 200],
    [4 * ms, 200, 200],
  ]);
});

// A flood of 100 KB/s in chunks of 2 ms once made a record half as large as the console it is about.
test("a guest that never pauses gets one chunk for each frame, not one for each read", () => {
  const chunks = chunksOf(Array.from({ length: 1000 }, (_, index) => index * ms));
  expect(chunks.length).toBe(Math.ceil(1000 / 17));
});
