import { toUSVString } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { asciicast } from "./asciicast.ts";
import type { TraceEvent } from "./event.ts";

async function cast(events: readonly TraceEvent[], log: Uint8Array): Promise<string[]> {
  const read = async (offset: number, length: number) => log.subarray(offset, offset + length);
  const found: string[] = [];
  for await (const line of asciicast(events, { console: "com1", read, title: "boot" })) found.push(line);
  return found;
}

test("output, input and power events are lines of an asciicast", async () => {
  const lines = await cast(
    [
      { t: 0, kind: "start", version: 1, startedAt: "2026-01-01T00:00:00.000Z" },
      { t: 1_500_000_000, kind: "console", console: "com1", offset: 0, length: 8 },
      { t: 1_600_000_000, kind: "console", console: "com2", offset: 0, length: 8 },
      { t: 1_400_000_000, kind: "input", console: "com1", offset: 8, text: "ls\r" },
      { t: 1_700_000_000, kind: "input", console: "com1", offset: 8, hidden: 3 },
      {
        t: 2_000_000_000,
        kind: "power",
        event: {
          kind: "reset",
          cause: "triple-fault",
          action: "reset",
          evidence: [],
          confidence: "reported",
          at: 2_000_000_000,
          offsets: { com1: 8 },
          index: 0,
        },
      },
    ],
    Buffer.from("\u001b[31mhi\n"),
  );
  expect(lines.join("")).toMatchInlineSnapshot(`
    "{"version":2,"width":80,"height":25,"timestamp":1767225600,"title":"boot"}
    [1.5,"o","\\u001b[31mhi\\n"]
    [1.5,"i","ls\\r"]
    [1.7,"i","***"]
    [2,"m","reset (triple-fault)"]
    "
  `);
});

test("text is the same however the console was cut into chunks", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme" }), fc.array(fc.integer({ min: 1, max: 5 })), async (text, sizes) => {
      const log = Buffer.from(text);
      const events: TraceEvent[] = [{ t: 0, kind: "start", version: 1, startedAt: "2026-01-01T00:00:00.000Z" }];
      let offset = 0;
      for (const size of [...sizes, log.length]) {
        const length = Math.min(size, log.length - offset);
        events.push({ t: offset, kind: "console", console: "com1", offset, length });
        offset += length;
      }
      const [, ...lines] = await cast(events, log);
      expect(lines.map((line) => JSON.parse(line)[2]).join("")).toBe(toUSVString(text));
    }),
  );
});
