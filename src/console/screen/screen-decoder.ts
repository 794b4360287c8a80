export type ScreenEncoding = "utf-8" | "cp437";

/** IBM's code page 437 from 0x80 on (Unicode's mapping table VENDORS/MICSFT/PC/CP437.TXT). */
const cp437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

/** What takes no room of its own; Hangul's medial vowels and final consonants included. */
const marks = /[\p{M}\p{Cf}\u1160-\u11ff]+/gu;
/** So many marks may one character carry: the Stream-Safe limit of Unicode's UAX #15 is 30. */
const mostMarks = 30;

/** A guest's bytes as the text a terminal obeys, wherever they are cut. What is not UTF-8 becomes U+FFFD. */
export class ScreenDecoder {
  readonly #decode: (bytes: Uint8Array) => string;
  #marksSoFar = 0;

  constructor(encoding: ScreenEncoding) {
    if (encoding === "cp437") this.#decode = fromCp437;
    else {
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
      this.#decode = (bytes) => decoder.decode(bytes, { stream: true });
    }
  }

  push(bytes: Uint8Array): string {
    return this.#withoutHeaps(this.#decode(bytes));
  }

  /** Marks without end on one character would fill the memory, not the screen. */
  #withoutHeaps(text: string): string {
    if (text === "" || (this.#marksSoFar === 0 && /^[\0-\x7f]*$/.test(text))) return text;
    let before = this.#marksSoFar;
    this.#marksSoFar = 0;
    return text.replace(marks, (run, offset: number) => {
      if (offset > 0) before = 0;
      const characters = [...run];
      if (offset + run.length === text.length) this.#marksSoFar = before + characters.length;
      return characters.slice(0, Math.max(0, mostMarks - before)).join("");
    });
  }
}

function fromCp437(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  return text.replace(/[\x80-\xff]/g, (byte) => cp437.charAt(byte.charCodeAt(0) - 0x80));
}
