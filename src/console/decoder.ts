import { c1End, escapeEnd } from "./escape.ts";
import { OffsetMap } from "./offset-map.ts";
import { utf8At } from "./utf8.ts";

export interface Decoded {
  readonly text: string;
  /** By index into `text`. */
  readonly map: OffsetMap;
}

/** Anything that is not one printable ASCII character, tab or line feed for one byte. */
const special = /[^\t\n\x20-\x7e]/g;

/**
 * Bytes to text, wherever the bytes are cut: text comes out once later bytes cannot change it.
 * - Escape sequences and controls that print nothing (NUL, BEL, BS, DEL…) are left out; tabs stay.
 * - UTF-8; what is not UTF-8 becomes U+FFFD.
 * - A line ends with LF, with any number of CRs before it. CRs without an LF also end a line, unless nothing was
 *   printed on it: that is how progress lines are redrawn and how JavaScript's `^` and `$` see a CR.
 */
export class Decoder {
  /** An unfinished sequence, a byte per code unit, and where it started. */
  #held = "";
  #heldAt = 0;
  /** Where a run of CRs started that may turn out to end in LF. */
  #returnsAt: number | undefined;
  #isLineStart: boolean;
  /** Where the bytes so far end. */
  #end = 0;

  constructor(isLineStart: boolean) {
    this.#isLineStart = isLineStart;
  }

  /** True if the next byte starts a line, and nothing is pending. */
  get isAtLineStart(): boolean {
    return this.#isLineStart && this.#held === "" && this.#returnsAt === undefined;
  }

  /** `bytes`, a byte per code unit, follow those of the last call and start at `offset` of the record. */
  decode(bytes: string, offset: number): Decoded {
    this.#end = offset + bytes.length;
    if (this.#held === "") return this.#decode(bytes, offset, false);
    const held = this.#held;
    this.#held = "";
    return this.#decode(held + bytes, this.#heldAt, false);
  }

  /** No more bytes will come. */
  flush(): Decoded {
    const held = this.#held;
    this.#held = "";
    return this.#decode(held, this.#end - held.length, true);
  }

  #decode(bytes: string, base: number, isLast: boolean): Decoded {
    const out = new Output();
    let at = 0;
    while (at < bytes.length) {
      if (this.#returnsAt !== undefined) at = this.#afterReturns(bytes, at, base, out);
      special.lastIndex = at;
      const next = special.test(bytes) ? special.lastIndex - 1 : bytes.length;
      if (next > at) {
        out.run(bytes.slice(at, next), base + at);
        this.#isLineStart = bytes.charCodeAt(next - 1) === 0x0a;
        at = next;
      }
      if (at === bytes.length) break;
      const end = this.#special(bytes, at, base, out);
      if (end === undefined && !isLast) {
        this.#held = bytes.slice(at);
        this.#heldAt = base + at;
        return out;
      }
      if (end === undefined) {
        // A cut-off escape sequence prints nothing; a cut-off character is one that cannot be read.
        if (bytes.charCodeAt(at) >= 0x80) this.#print("\ufffd", base + at, bytes.length - at, out);
        break;
      }
      at = end;
    }
    if (isLast && this.#returnsAt !== undefined) this.#endReturns(base + bytes.length, out);
    return out;
  }

  /** Handles the one special byte at `at`; returns where to go on, or undefined if more bytes are needed. */
  #special(bytes: string, at: number, base: number, out: Output): number | undefined {
    const byte = bytes.charCodeAt(at);
    if (byte === 0x0d) {
      this.#returnsAt = base + at;
      return at + 1;
    }
    if (byte === 0x1b) return escapeEnd(bytes, at);
    if (byte < 0x80) return at + 1;
    const { length, codePoint } = utf8At(bytes, at);
    if (codePoint === -1) return undefined;
    if (codePoint >= 0x80 && codePoint <= 0x9f) return c1End(bytes, at);
    this.#print(String.fromCodePoint(codePoint), base + at, length, out);
    return at + length;
  }

  #print(character: string, offset: number, width: number, out: Output): void {
    // Both halves of a surrogate pair come from all of the character's bytes.
    for (let unit = 0; unit < character.length; unit++) out.one(character.charAt(unit), offset, width);
    this.#isLineStart = false;
  }

  #afterReturns(bytes: string, from: number, base: number, out: Output): number {
    let at = from;
    while (bytes.charCodeAt(at) === 0x0d) at++;
    if (at === bytes.length) return at;
    if (bytes.charCodeAt(at) === 0x0a) {
      out.one("\n", this.#returnsAt ?? 0, base + at + 1 - (this.#returnsAt ?? 0));
      this.#returnsAt = undefined;
      this.#isLineStart = true;
      return at + 1;
    }
    this.#endReturns(base + at, out);
    return at;
  }

  #endReturns(end: number, out: Output): void {
    const start = this.#returnsAt ?? end;
    this.#returnsAt = undefined;
    if (!this.#isLineStart) out.one("\n", start, end - start);
    this.#isLineStart = true;
  }
}

class Output implements Decoded {
  text = "";
  readonly map = new OffsetMap();

  run(text: string, offset: number): void {
    this.map.add(this.text.length, offset, 1);
    this.text += text;
  }

  one(unit: string, offset: number, width: number): void {
    this.map.add(this.text.length, offset, width);
    this.text += unit;
  }
}
