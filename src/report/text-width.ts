/** Two columns: East Asian wide and full-width blocks, and emoji (Unicode UAX #11). One regular expression, no table. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const zero = /[\p{Mn}\p{Me}\p{Cf}]/u;
const ascii = /^[ -~]*$/;

/** How many terminal columns printable text takes. */
export function width(text: string): number {
  if (ascii.test(text)) return text.length;
  let columns = 0;
  for (const char of text) columns += charWidth(char);
  return columns;
}

/** Text that takes at most `columns`, its end replaced by `…` if need be. */
export function truncate(text: string, columns: number): string {
  if (text.length <= columns && width(text) <= columns) return text;
  let kept = "";
  let used = 0;
  for (const char of text) {
    const next = used + charWidth(char);
    if (next > columns) return `${shorten(kept, used, columns - 1)}…`;
    kept += char;
    used = next;
  }
  return kept;
}

/** Text filled up with spaces to `columns`. */
export function pad(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - width(text)));
}

function shorten(text: string, used: number, columns: number): string {
  const chars = [...text];
  let left = used;
  while (left > columns && chars.length > 0) left -= charWidth(chars.pop() ?? "");
  return chars.join("");
}

function charWidth(char: string): number {
  return wide.test(char) ? 2 : zero.test(char) ? 0 : 1;
}
