import type { Sought } from "../looking.ts";

/** A record that is known up to `end`. */
export class GrowingRecord {
  end = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(start: number, end: number): Buffer {
    if (end > this.end) throw new RangeError("read beyond what has come");
    return this.#bytes.subarray(start, end);
  }
}

/** What is found when the bytes come in these pieces, and then no more. */
export function find<Found extends { readonly start: number }>(
  bytes: Buffer,
  cuts: readonly number[],
  offset: number,
  sought: Sought<Found>,
): Found | undefined {
  const record = new GrowingRecord(bytes);
  record.end = offset;
  const looking = sought.lookFrom(record, offset);
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    if (cut <= offset) continue;
    record.end = cut;
    const found = looking.advance(cut);
    if (found) return found;
  }
  return looking.finish();
}

/** All bytes at once. */
export const whole = (bytes: Buffer): number[] => [bytes.length];

/** Every byte by itself. */
export const oneByOne = (bytes: Buffer): number[] => Array.from({ length: bytes.length }, (_, n) => n + 1);
