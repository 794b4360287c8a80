import { regexTokens } from "./regex-source.ts";

/** Shorter ones are in every other line. */
const shortest = 4;
/** Enough that what only begins alike is told apart. */
const longest = 64;

/**
 * Tells lines (a byte per code unit) that cannot hold a match from those that may, far faster than they can be decoded:
 * the index at `from` or later where a match may be, or -1. Undefined for a pattern whose matches need not have some
 * printable ASCII in one piece.
 */
export type Needle = (lines: string, from: number) => number;

export function needleOfLiteral(literal: string): Needle | undefined {
  return literal.includes("\n") ? undefined : needleOf(literal.match(/[\x20-\x7e]+/g) ?? []);
}

/** For a regular expression that does not cross lines: characters that stand one after another outside any group. */
export function needleOfRegex(regex: RegExp): Needle | undefined {
  // With these flags a letter also matches some beyond ASCII (ECMA-262, Canonicalize): /k/iu the Kelvin sign.
  if (regex.ignoreCase && /[uv]/.test(regex.flags)) return undefined;
  return needleOf(literalRuns(regex), regex.ignoreCase);
}

/** The longest piece of plain text that every match has in it, but for its case, if there is one. */
export function longestRun(regex: RegExp): string | undefined {
  return longestOf(literalRuns(regex)) || undefined;
}

/** Plain text that every match begins with; empty if there is none. */
export function literalPrefix(regex: RegExp): string {
  if (regex.ignoreCase || isAlternation(regex)) return "";
  const tokens = regexTokens(regex);
  let prefix = "";
  for (let at = tokens[0] === "^" ? 1 : 0; at < tokens.length; at++) {
    const character = literalCharacter(tokens[at] ?? "");
    if (character === undefined || isQuantifier(tokens[at + 1])) break;
    prefix += character;
  }
  return prefix;
}

/** Outside any group, since a group's text need not be there. */
function literalRuns(regex: RegExp): string[] {
  const runs = [""];
  if (isAlternation(regex)) return runs;
  let depth = 0;
  const tokens = regexTokens(regex);
  for (const [index, token] of tokens.entries()) {
    if (token.startsWith("(")) depth++;
    if (token === ")") depth--;
    const character = depth === 0 ? literalCharacter(token) : undefined;
    if (character === undefined || isQuantifier(tokens[index + 1])) runs.push("");
    else runs.push((runs.pop() ?? "") + character);
  }
  return runs;
}

function isAlternation(regex: RegExp): boolean {
  let depth = 0;
  for (const token of regexTokens(regex)) {
    if (token === "|" && depth === 0) return true;
    if (token.startsWith("(")) depth++;
    if (token === ")") depth--;
  }
  return false;
}

function longestOf(runs: readonly string[]): string {
  return runs.reduce((best, run) => (run.length > best.length ? run : best), "");
}

export function literalCharacter(token: string): string | undefined {
  if (/^[^\\[\](){}.^$*+?|]$/.test(token)) return /[\x20-\x7e]/.test(token) ? token : undefined;
  return /^\\[!-/:-@[-^`{-~]$/.test(token) ? token.slice(1) : undefined;
}

export function isQuantifier(token: string | undefined): boolean {
  return token !== undefined && /^([*+?]|\{\d)/.test(token);
}

/** What the decoder leaves as it is, but for its line end. */
const plain = /^[\x20-\x7e\t]*\r*$/;

/**
 * Asks the expression itself (with the flags `gm`) about a plain line that has the needle: what only begins alike need
 * not be decoded, either. For an expression that does not cross lines.
 */
export function sharpened(needle: Needle | undefined, regex: RegExp): Needle | undefined {
  if (!needle) return undefined;
  return (lines, from) => {
    for (let at = needle(lines, from); at >= 0; ) {
      const end = lines.indexOf("\n", at);
      const line = lines.slice(lines.lastIndexOf("\n", at) + 1, end < 0 ? undefined : end);
      regex.lastIndex = 0;
      if (end < 0 || !plain.test(line) || regex.test(line.replace(/\r+$/, ""))) return at;
      at = needle(lines, end + 1);
    }
    return -1;
  };
}

/**
 * Where the needle is, colours anywhere in it left out; or its beginning, before anything else that the decoder might
 * leave out. A CR in it would end its line.
 */
function needleOf(runs: readonly string[], ignoreCase = false): Needle | undefined {
  const needle = longestOf(runs).slice(0, longest);
  if (needle.length < shortest) return undefined;
  const [first = "", ...rest] = needle.split("").map((character) => character.replace(/[^\w ]/, "\\$&"));
  const tail = rest.reduceRight((after, character) => `(?:${colour})*(?:${leftOut}|${character}${after})`, "");
  const regex = new RegExp(first + tail, ignoreCase ? "gi" : "g");
  return (lines, from) => {
    regex.lastIndex = from;
    return regex.exec(lines)?.index ?? -1;
  };
}

const colour = String.raw`\x1b\[[\d;:?]*[@-~]`;
/** Other escape sequences, controls, and the first byte of U+0080..U+009F. */
const leftOut = String.raw`\x1b(?!\[[\d;:?]*[@-~])|[\0-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\xc2]`;
