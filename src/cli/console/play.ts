import type { Pacer } from "./pacer.ts";
import type { RecordedBytes } from "./recorded.ts";

export interface PlaybackOptions {
  /** So many times as fast as it was. */
  readonly speed: number;
  /** What came earlier is shown at once. */
  readonly atMs: number;
  /** The longest pause, before `speed`. */
  readonly idleMs: number;
}

/** Shows what was recorded with the pauses it had; returns the time it got to, in ms of the record. */
export async function play(
  pieces: AsyncIterable<RecordedBytes>,
  { speed, atMs, idleMs }: PlaybackOptions,
  pacer: Pacer,
  show: (bytes: Buffer) => void | Promise<void> | undefined,
): Promise<number> {
  let reachedMs = 0;
  for await (const { t, bytes } of pieces) {
    const pauseMs = Math.min(idleMs, t / 1e6 - Math.max(reachedMs, atMs));
    await pacer.wait(Math.max(0, pauseMs / speed));
    if (pacer.isOver) break;
    reachedMs = t / 1e6;
    await show(bytes);
  }
  return reachedMs;
}
