/**
 * Terminal escape sequences (ECMA-48 §5.4, §8.3; xterm's ctlseqs), found and skipped, never obeyed. A sequence ends at
 * the latest where its line does, so a cut-off one cannot swallow what follows and every line decodes by itself.
 */

/** xterm sends titles and clipboards in strings; whatever is longer than this is shown as text. */
const longestString = 4096;
const longestControl = 256;

const ESC = 0x1b;
const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;

/** The index after the sequence that starts with the ESC at `at`, or undefined while it may still go on. */
export function escapeEnd(bytes: string, at: number): number | undefined {
  const introducer = bytes.charCodeAt(at + 1);
  if (Number.isNaN(introducer)) return undefined;
  switch (introducer) {
    case 0x5b: // [
      return controlEnd(bytes, at, at + 2);
    case 0x5d: // ] operating system command
    case 0x50: // P device control string
    case 0x58: // X start of string
    case 0x5e: // ^ privacy message
    case 0x5f: // _ application program command
      return stringEnd(bytes, at, at + 2);
  }
  if (introducer >= 0x20 && introducer <= 0x2f) return controlEnd(bytes, at, at + 2, 0x30);
  return introducer >= 0x30 && introducer <= 0x7e ? at + 2 : at + 1;
}

/** The same for an eight-bit control U+0080..U+009F, which UTF-8 writes as C2 80..C2 9F. */
export function c1End(bytes: string, at: number): number | undefined {
  switch (bytes.charCodeAt(at + 1)) {
    case 0x9b:
      return controlEnd(bytes, at, at + 2);
    case 0x9d:
    case 0x90:
    case 0x98:
    case 0x9e:
    case 0x9f:
      return stringEnd(bytes, at, at + 2);
    default:
      return at + 2;
  }
}

/** Parameters and intermediates, then one final byte; anything else breaks the sequence off. */
function controlEnd(bytes: string, start: number, from: number, firstFinal = 0x40): number | undefined {
  const limit = start + longestControl;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes.charCodeAt(at);
    if (at >= limit || byte < 0x20 || byte > 0x7e) return at;
    if (byte >= firstFinal) return at + 1;
  }
  return undefined;
}

/** Up to BEL or ST (`ESC \` or U+009C). */
function stringEnd(bytes: string, start: number, from: number): number | undefined {
  const limit = start + longestString;
  for (let at = from; at < bytes.length; at++) {
    if (at >= limit) return at;
    switch (bytes.charCodeAt(at)) {
      case BEL:
      case CAN:
      case SUB:
        return at + 1;
      case 0x0a:
      case 0x0d:
        return at;
      case ESC:
        if (at + 1 === bytes.length) return undefined;
        return bytes.charCodeAt(at + 1) === 0x5c ? at + 2 : at;
      case 0xc2:
        if (bytes.charCodeAt(at + 1) === 0x9c) return at + 2;
    }
  }
  return undefined;
}
