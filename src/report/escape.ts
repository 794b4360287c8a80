/**
 * What makes text harmless in each medium a report is written to. Guests print what they like; nothing of it may
 * move a cursor, end an element, or be obeyed by a CI system.
 */

/** CSI; strings (OSC, DCS, SOS, PM, APC) with their terminator; other escapes (ECMA-48 §5.3, §5.4, §5.6). Linear. */
const controlSequence =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]/g;

/** Controls, invisible and direction-changing characters, lone surrogates, line separators. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

export interface PrintableOptions {
  /** Longer text is cut, and says by how much. */
  readonly maxLength?: number;
}

/**
 * Text as it can be shown anywhere: newlines stay, tabs become spaces, escape sequences go, any other control or
 * invisible character is written as `\x1b` or `\u{202e}`, and half a surrogate pair becomes U+FFFD.
 */
export function printable(text: string, { maxLength = Number.POSITIVE_INFINITY }: PrintableOptions = {}): string {
  const shown = text
    .replace(controlSequence, "")
    .replace(/\r+\n?/g, (ends) => (ends.endsWith("\n") ? "\n" : ends))
    .replace(unprintable, (char) => (char === "\n" ? char : char === "\t" ? "    " : visible(char)));
  if (shown.length <= maxLength) return shown;
  const cutsPair = /[\ud800-\udbff]/.test(shown.charAt(maxLength - 1));
  const end = cutsPair ? maxLength - 1 : maxLength;
  return `${shown.slice(0, end)}… ${shown.length - end} more characters`;
}

/** Printable text on one line; newlines show as `\n`. */
export function oneLine(text: string, options?: PrintableOptions): string {
  return printable(text.trim(), options).replaceAll("\n", "\\n");
}

function visible(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code >= 0xd800 && code <= 0xdfff) return "\ufffd";
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

const ignorable = "[\\p{M}\\p{DI}]*";
const commandAtLineStart = new RegExp(`^((?:\\x1b\\[[\\d;]*m|[^\\S\\n]|[\\p{M}\\p{DI}])*):(?=${ignorable}:)`, "gmu");
const commandAnywhere = new RegExp(`#(?=${ignorable}#(?:${ignorable}(?:vso|teamcity))?${ignorable}\\[)`, "gu");

/**
 * Keeps a CI system that reads the job's output from obeying it. GitHub's runner takes lines which start with `::`
 * after white space, and `##[` anywhere (its ActionCommand.cs; .NET compares ignoring invisible characters, so none
 * of them helps); Azure takes `##vso[`, TeamCity `##teamcity[`. The first `:` or `#` becomes a visible `\x3a` or
 * `\x23`, or whatever `spell` makes of it.
 */
export function neutralise(text: string, spell: (char: ":" | "#") => string = visible): string {
  return text
    .replace(commandAtLineStart, (_, indent: string) => `${indent}${spell(":")}`)
    .replace(commandAnywhere, () => spell("#"));
}

/** A character reference, the same in XML, HTML and Markdown. */
const reference = (char: string) => named[char] ?? `&#${char.charCodeAt(0)};`;
const named: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Printable text as XML 1.0 content or attribute value; the two noncharacters XML has no place for are dropped. */
export function xml(text: string, options?: PrintableOptions): string {
  const escaped = printable(text, options)
    .replace(/[\ufffe\uffff]/g, "")
    .replace(/[&<>"']/g, reference);
  return neutralise(escaped, reference);
}

/** An attribute value: its newlines would become spaces (XML 1.0 §3.3.3). */
export function xmlAttribute(text: string, options?: PrintableOptions): string {
  return xml(text, options).replaceAll("\n", "&#10;");
}

/** A TAP 14 description or reason: one line, `\` and `#` escaped; a last `{` would open a subtest to some parsers. */
export function tap(text: string, options?: PrintableOptions): string {
  return oneLine(text, options)
    .replace(/\{\s*$/, visible("{"))
    .replace(/[\\#]/g, "\\$&");
}

/** The message of a GitHub workflow command. */
export function workflowData(text: string, options?: PrintableOptions): string {
  const shown = neutralise(printable(text, options));
  return shown.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** A property of a GitHub workflow command. */
export function workflowProperty(text: string, options?: PrintableOptions): string {
  return workflowData(text, options).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** Text within an HTML element of a Markdown page, such as `<pre>`. */
export function html(text: string, options?: PrintableOptions): string {
  return neutralise(printable(text, options).replace(/[&<>"']/g, reference), reference);
}

/**
 * Text on one line of Markdown, a table cell included: all ASCII punctuation as character references, which cannot
 * stand for markup (CommonMark §2.5), in `<code>`, where GitHub makes no links of `@name` and `#1`.
 */
export function markdown(text: string, options?: PrintableOptions): string {
  const escaped = oneLine(text, options).replace(/[!-/:-@[-`{-~]/g, reference);
  return `<code>${escaped}</code>`;
}
