/** The record of a console: everything it ever produced, whether still in memory or read back from its log. */
export interface ByteSource {
  /** Bytes produced so far. */
  readonly end: number;
  /** Bytes [start, end) of the record; `end` is at most `this.end`. */
  read(start: number, end: number): Buffer;
  /** Like `read`, in less memory: the bytes are good only until somebody reads again. */
  peek?(start: number, end: number): Buffer;
}

/**
 * How far back a cursor's line is looked for. Longer than any escape sequence (escape.ts), so decoding from there is
 * in step with decoding from the very beginning before the cursor is reached.
 */
const lookBack = 8192;

/** Where to start decoding so that the text at `offset` comes out right, and whether a line starts there. */
export function contextBefore(source: ByteSource, offset: number): { start: number; isLineStart: boolean } {
  for (const reach of [512, lookBack]) {
    const floor = Math.max(0, offset - reach);
    const lineFeed = source.read(floor, offset).lastIndexOf(0x0a);
    if (lineFeed >= 0) return { start: floor + lineFeed + 1, isLineStart: true };
    if (floor === 0) return { start: 0, isLineStart: true };
  }
  return { start: offset - lookBack, isLineStart: false };
}

/**
 * The same where a line end need not be that of the line before the offset, since it may be that of a kernel line in
 * the middle of it: starts some lines earlier.
 */
export function contextFarBefore(source: ByteSource, offset: number): { start: number; isLineStart: boolean } {
  const floor = Math.max(0, offset - lookBack);
  if (floor === 0) return { start: 0, isLineStart: true };
  const lineFeed = source.read(floor, offset).indexOf(0x0a);
  return lineFeed < 0 ? { start: floor, isLineStart: false } : { start: floor + lineFeed + 1, isLineStart: true };
}
