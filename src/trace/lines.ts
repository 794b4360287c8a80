const newline = 0x0a;

export interface Line {
  /** Without its newline; absent for a line longer than the limit. */
  readonly text?: string;
  /** False for a last line that has no newline. */
  readonly isComplete: boolean;
}

/**
 * Splits a byte stream at newlines only (node:readline also splits at U+2028). Memory is bounded by one chunk and
 * one line of at most `maxBytes`; of a longer one only its existence is told.
 */
export async function* lines(chunks: AsyncIterable<Buffer>, maxBytes = 64 * 2 ** 20): AsyncGenerator<Line> {
  let pieces: Buffer[] = [];
  let held = 0;

  const take = (piece: Buffer) => {
    held += piece.length;
    if (held > maxBytes) pieces = [];
    else if (piece.length > 0) pieces.push(piece);
  };
  const finish = (isComplete: boolean): Line => {
    const line = held > maxBytes ? { isComplete } : { text: Buffer.concat(pieces).toString("utf8"), isComplete };
    pieces = [];
    held = 0;
    return line;
  };

  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      take(chunk.subarray(start, end));
      yield finish(true);
      start = end + 1;
    }
    take(chunk.subarray(start));
  }
  if (held > 0) yield finish(false);
}
