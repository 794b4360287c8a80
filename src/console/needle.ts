import { regexTokens } from "./regex-source.ts";

/** Shorter ones are in every other line. */
const shortest = 4;
const longest = 16;

/**
 * Tells bytes (whole lines, a byte per code unit) that cannot hold a match from those that may, far faster than they
 * can be decoded. Undefined for a pattern whose matches need not have some printable ASCII in one piece.
 */
export type NeedleTest = (lines: string) => boolean;

export function needleOfLiteral(literal: string): NeedleTest | undefined {
  return literal.includes("\n") ? undefined : needleTest(literal.match(/[\x20-\x7e]+/g) ?? []);
}

/** For a regular expression that does not cross lines: characters that stand one after another outside any group. */
export function needleOfRegex(regex: RegExp): NeedleTest | undefined {
  if (regex.ignoreCase) return undefined;
  const runs = [""];
  let depth = 0;
  const tokens = regexTokens(regex);
  for (const [index, token] of tokens.entries()) {
    if (token === "|" && depth === 0) return undefined;
    if (token.startsWith("(")) depth++;
    if (token === ")") depth--;
    const character = depth === 0 ? literalCharacter(token) : undefined;
    if (character === undefined || isQuantifier(tokens[index + 1])) runs.push("");
    else runs.push((runs.pop() ?? "") + character);
  }
  return needleTest(runs);
}

function literalCharacter(token: string): string | undefined {
  if (/^[^\\[\](){}.^$*+?|]$/.test(token)) return /[\x20-\x7e]/.test(token) ? token : undefined;
  return /^\\[!-/:-@[-^`{-~]$/.test(token) ? token.slice(1) : undefined;
}

function isQuantifier(token: string | undefined): boolean {
  return token !== undefined && /^([*+?]|\{\d)/.test(token);
}

/**
 * True if the needle is there, colours anywhere in it left out; or its beginning, before anything else that the decoder
 * might leave out. A CR in it would end its line.
 */
function needleTest(runs: readonly string[]): NeedleTest | undefined {
  const needle = runs.reduce((best, run) => (run.length > best.length ? run : best), "").slice(0, longest);
  if (needle.length < shortest) return undefined;
  const [first = "", ...rest] = needle.split("").map((character) => character.replace(/[^\w ]/, "\\$&"));
  const tail = rest.reduceRight((after, character) => `(?:${colour})*(?:${leftOut}|${character}${after})`, "");
  const regex = new RegExp(first + tail);
  return (lines) => regex.test(lines);
}

const colour = String.raw`\x1b\[[\d;:?]*[@-~]`;
/** Other escape sequences, controls, and the first byte of U+0080..U+009F. */
const leftOut = String.raw`\x1b(?!\[[\d;:?]*[@-~])|[\0-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\xc2]`;
