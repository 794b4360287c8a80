const escapeNames: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e" };
const longest = 200;

/**
 * One line that is safe to show wherever it ends up: control, format and unassigned characters escaped (bidirectional
 * overrides and zero-width ones included), and nothing in it that a CI system takes for a command of its own
 * (`::add-mask::`, `##[…]`, `##vso[…]`, `##teamcity[…]`).
 */
export function printable(text: string): string {
  const escaped = text
    .replace(/[\p{C}\u2028\u2029]/gu, escapeCharacter)
    .replace(/##(?=\w*\[)/g, "\\x23\\x23")
    .replace(/^(\s*):(?=:)/, "$1\\x3a");
  return escaped.length > longest ? `${escaped.slice(0, longest)}…` : escaped;
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return escapeNames[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`);
}
