import { UsageError } from "../../machine/errors.ts";

const single: Readonly<Record<string, number>> = {
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  e: 0x1b,
  "\\": 0x5c,
};

/**
 * The bytes of a `--send` text: UTF-8, with C's escapes `\n \r \t \xNN \\` and `\e` for ESC. Throws UsageError for any
 * other escape.
 */
export function unescapeBytes(text: string): Buffer {
  const parts: Buffer[] = [];
  let end = 0;
  for (const match of text.matchAll(/\\(?:x([0-9A-Fa-f]{2})|(.?))/gsu)) {
    parts.push(Buffer.from(text.slice(end, match.index)));
    const [whole, hex, letter = ""] = match;
    const byte = hex === undefined ? single[letter] : Number.parseInt(hex, 16);
    if (byte === undefined) {
      throw new UsageError(`--send does not know the escape "${whole}": it has \\n \\r \\t \\e \\xNN and \\\\`);
    }
    parts.push(Buffer.of(byte));
    end = match.index + whole.length;
  }
  parts.push(Buffer.from(text.slice(end)));
  return Buffer.concat(parts);
}
