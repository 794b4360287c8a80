import { regexTokens } from "./regex-source.ts";
import { comparedBytes, NeedlePlaces } from "./scan/needle-places.ts";

/** Shorter ones are in every other line. */
const shortest = comparedBytes;
/** Enough that what only begins alike is told apart. */
const longest = 64;

/**
 * Tells lines that cannot hold a match from those that may, far faster than they can be decoded: where a match may be,
 * in order. Undefined for a pattern whose matches need not have some printable ASCII in one piece.
 */
export type Needle = (lines: Buffer) => Iterable<number>;

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
  return function* (lines) {
    let passed = 0;
    for (const at of needle(lines)) {
      if (at < passed) continue;
      const end = lines.indexOf(lineFeed, at);
      const line = lines.toString("latin1", lines.lastIndexOf(lineFeed, at) + 1, end < 0 ? undefined : end);
      regex.lastIndex = 0;
      if (end < 0 || !plain.test(line) || regex.test(line.replace(/\r+$/, ""))) yield at;
      else passed = end + 1;
    }
  };
}

/**
 * Where the needle is, colours anywhere in it left out; or its beginning, before anything else that the decoder might
 * leave out. A CR in it would end its line.
 */
function needleOf(runs: readonly string[], ignoreCase = false): Needle | undefined {
  const text = longestOf(runs).slice(0, longest);
  if (text.length < shortest) return undefined;
  // Of a letter, the bit that tells its two cases apart does not count (ECMA-262, Canonicalize, without `u`).
  const setBits = [...text].map((character) => (ignoreCase && /[a-z]/i.test(character) ? caseBit : 0));
  const wanted = [...Buffer.from(text)].map((byte, index) => byte | (setBits[index] ?? 0));
  const places = new NeedlePlaces(wanted, setBits);
  return function* (lines) {
    for (const at of places.in(lines)) if (isAt(lines, at, wanted, setBits)) yield at;
  };
}

const lineFeed = 0x0a;
const caseBit = 0x20;

/** The first byte is known to be there. */
function isAt(lines: Buffer, start: number, wanted: readonly number[], setBits: readonly number[]): boolean {
  let at = start + 1;
  for (let index = 1; index < wanted.length; index++, at++) {
    at = behindColours(lines, at);
    const byte = lines[at] ?? lineFeed;
    if (isLeftOut(byte)) return true;
    if ((byte | (setBits[index] ?? 0)) !== wanted[index]) return false;
  }
  return true;
}

function behindColours(lines: Buffer, from: number): number {
  let at = from;
  while (lines[at] === 0x1b && lines[at + 1] === 0x5b) {
    let end = at + 2;
    while (isParameter(lines[end] ?? lineFeed)) end++;
    const final = lines[end] ?? lineFeed;
    if (final < 0x40 || final > 0x7e) return at;
    at = end + 1;
  }
  return at;
}

/** A digit, `:`, `;` or `?`. */
function isParameter(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x3b) || byte === 0x3f;
}

/** An escape sequence, a control that does not end a line, or the first byte of U+0080..U+009F. */
function isLeftOut(byte: number): boolean {
  if (byte >= 0x20) return byte === 0x7f || byte === 0xc2;
  return byte !== 0x09 && byte !== lineFeed && byte !== 0x0d;
}
