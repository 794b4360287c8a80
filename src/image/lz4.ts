/**
 * Decodes the "legacy" LZ4 frame that Linux packs kernels in (lz4_Frame_format.md, "Legacy frame"): a magic number,
 * then blocks of at most 8 MiB, each behind its compressed length. Whatever follows the last block is ignored.
 */
export function decodeLz4Legacy(packed: Buffer, unpackedLength: number): Buffer {
  if (packed.readUInt32LE(0) !== 0x184c2102) throw new RangeError("not an LZ4 legacy frame");
  const out = Buffer.allocUnsafe(unpackedLength);
  let at = 4;
  let end = 0;
  while (end < unpackedLength && at + 4 <= packed.length) {
    const length = packed.readUInt32LE(at);
    at += 4;
    end = decodeBlock(packed, at, at + length, out, end);
    at += length;
  }
  if (end !== unpackedLength) throw new RangeError(`LZ4 data ends after ${end} of ${unpackedLength} bytes`);
  return out;
}

/** lz4_Block_format.md: sequences of literals and of matches that may overlap what they are writing. */
function decodeBlock(input: Buffer, start: number, stop: number, out: Buffer, outStart: number): number {
  let at = start;
  let to = outStart;
  const byte = () => {
    const value = input[at++];
    if (value === undefined) throw new RangeError("LZ4 data is cut short");
    return value;
  };
  const extend = (length: number) => {
    let total = length;
    if (length === 15) for (let more = 255; more === 255; total += more) more = byte();
    return total;
  };
  while (at < stop) {
    const token = byte();
    const literals = extend(token >> 4);
    if (at + literals > input.length) throw new RangeError("LZ4 data is cut short");
    input.copy(out, to, at, at + literals);
    at += literals;
    to += literals;
    if (at >= stop) break;
    const distance = byte() | (byte() << 8);
    const matched = extend(token & 15) + 4;
    if (distance === 0 || distance > to) throw new RangeError("LZ4 match points before the data");
    if (distance >= matched) out.copyWithin(to, to - distance, to - distance + matched);
    else for (let index = 0; index < matched; index++) out[to + index] = out[to + index - distance] ?? 0;
    to += matched;
  }
  return to;
}
