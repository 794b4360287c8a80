import { c1End, escapeEnd } from "../../console/escape.ts";
import { utf8At } from "../../console/utf8.ts";
import { ModeLedger } from "./terminal-modes.ts";

/** ENQ asks for an answerback, ESC starts a sequence, and beyond ASCII there may be C1 controls. */
const special = /[\x05\x1b\x80-\xff]/g;

/**
 * What a guest prints, made fit for the user's own terminal: cursor movement, colours and line drawing pass; strings
 * (OSC titles and clipboards, DCS, APC, PM, SOS: ECMA-48 §8.3), window operations, printing, and the erasing of the
 * scrollback do not. Bytes may be cut anywhere.
 */
export class TerminalFilter {
  readonly #modes = new ModeLedger();
  #held = "";

  push(bytes: Uint8Array): Buffer {
    const text = this.#held + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    this.#held = "";
    let out = "";
    let at = 0;
    while (at < text.length) {
      special.lastIndex = at;
      const next = special.test(text) ? special.lastIndex - 1 : text.length;
      out += text.slice(at, next);
      if (next === text.length) break;
      const end = this.#endOf(text, next);
      if (end === undefined) {
        this.#held = text.slice(next);
        break;
      }
      const piece = text.slice(next, end);
      if (this.#passes(piece)) out += piece;
      at = end;
    }
    return Buffer.from(out, "latin1");
  }

  /** What puts back the modes that the guest has changed. */
  restore(): string {
    return this.#modes.restore();
  }

  /** True if the guest has asked the terminal something since the last call: answers may be on their way. */
  takeAsked(): boolean {
    return this.#modes.takeAsked();
  }

  #endOf(text: string, at: number): number | undefined {
    const byte = text.charCodeAt(at);
    if (byte === 0x05) return at + 1;
    if (byte === 0x1b) return escapeEnd(text, at);
    const { length, codePoint } = utf8At(text, at);
    if (codePoint === -1) return undefined;
    return codePoint >= 0x80 && codePoint <= 0x9f ? c1End(text, at) : at + length;
  }

  #passes(piece: string): boolean {
    const first = piece.charCodeAt(0);
    if (first === 0x05) return false;
    if (first === 0x1b) return this.#modes.admit(piece);
    // Eight-bit controls: U+0080..U+009F, and such bytes where they are no part of UTF-8.
    const isC1 = first === 0xc2 && piece.charCodeAt(1) <= 0x9f;
    const isBareC1 = piece.length === 1 && first <= 0x9f;
    return !isC1 && !isBareC1;
  }
}
