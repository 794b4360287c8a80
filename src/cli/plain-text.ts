import { stripVTControlCharacters } from "node:util";

// C0 but tab and newline, DEL and C1, and the bidirectional controls that make a line read as another
// (Unicode TR9 §2; Unicode TR36 §2.9).
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text of unknown origin as it may stand on a terminal or in a log: no control sequences, nothing invisible. */
export function toPlainText(text: string): string {
  return stripVTControlCharacters(text.replaceAll("\r\n", "\n")).replace(
    unsafe,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
