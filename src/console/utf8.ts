/**
 * One character of UTF-8 with the replacement rule of the WHATWG Encoding Standard ("UTF-8 decoder"): each maximal
 * prefix of a valid sequence that breaks off is one U+FFFD. `bytes` holds a byte per code unit; `at` is not ASCII.
 */
export interface Utf8Character {
  readonly length: number;
  /** -1 while the bytes may still become a character. */
  readonly codePoint: number;
}

const unfinished = -1;
const replacement = 0xfffd;

export function utf8At(bytes: string, at: number): Utf8Character {
  const lead = bytes.charCodeAt(at);
  const trail = lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  if (trail === 0) return unreadableByte;
  let codePoint = lead & (0x3f >> trail);
  for (let n = 1; n <= trail; n++) {
    const byte = bytes.charCodeAt(at + n);
    if (Number.isNaN(byte)) return { length: n, codePoint: unfinished };
    const isTrail = n === 1 ? isSecond(lead, byte) : byte >= 0x80 && byte <= 0xbf;
    if (!isTrail) return { length: n, codePoint: replacement };
    codePoint = (codePoint << 6) | (byte & 0x3f);
  }
  return { length: trail + 1, codePoint };
}

const unreadableByte: Utf8Character = { length: 1, codePoint: replacement };

/** Rules out overlong forms, surrogates and what lies beyond U+10FFFF. */
function isSecond(lead: number, byte: number): boolean {
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  return byte >= low && byte <= high;
}
