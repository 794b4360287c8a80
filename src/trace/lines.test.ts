import fc from "fast-check";
import { expect, test } from "vitest";
import { type Line, lines } from "./lines.ts";

async function split(chunks: readonly Buffer[], maxBytes?: number): Promise<Line[]> {
  async function* source() {
    yield* chunks;
  }
  return collect(lines(source(), maxBytes));
}

async function collect(all: AsyncIterable<Line>): Promise<Line[]> {
  const found: Line[] = [];
  for await (const line of all) found.push(line);
  return found;
}

test("lines are the same wherever the stream was cut", async () => {
  const text = fc.array(fc.constantFrom("a", "é", "\n", "\r", "\u2028")).map((parts) => parts.join(""));
  await fc.assert(
    fc.asyncProperty(text, fc.infiniteStream(fc.integer({ min: 1, max: 4 })), async (whole, sizes) => {
      const bytes = Buffer.from(whole);
      const chunks: Buffer[] = [];
      for (let start = 0; start < bytes.length; ) {
        const size = sizes.next().value ?? 1;
        chunks.push(bytes.subarray(start, start + size));
        start += size;
      }
      const parts = whole.split("\n");
      const last = parts.pop();
      const expected = parts.map((part) => ({ text: part, isComplete: true }));
      expect(await split(chunks)).toEqual(last ? [...expected, { text: last, isComplete: false }] : expected);
    }),
  );
});

test("a line over the limit is told but not held", async () => {
  expect(await split([Buffer.from("12345\n678"), Buffer.from("9\n12345")], 4)).toEqual([
    { isComplete: true },
    { text: "6789", isComplete: true },
    { isComplete: false },
  ]);
});
