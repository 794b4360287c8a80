import { requiredWords } from "./required-words.ts";
import { WordScanner } from "./word-scanner.ts";

/** Where at `from` or later the next line is that must be read; `end` if none before there needs to be. */
export type NextSuspect = (from: number, end: number) => number;

/**
 * Finds lines that may match one of these expressions, by the words that any match has to have, without reading the
 * others; undefined if one of them has no such words. A text that is broken up by colours is not found.
 */
export function suspectsOf(patterns: readonly RegExp[]): ((lines: Buffer) => NextSuspect) | undefined {
  const words = new Set<string>();
  for (const pattern of patterns) {
    const required = requiredWords(pattern);
    if (required === undefined) return undefined;
    for (const word of required) words.add(word);
  }
  const scanner = new WordScanner([...words]);
  return (lines) => remembered((from, end) => scanner.next(lines, from, end));
}

/** Where at `from` or later the next match is; `end` if none begins before there. */
export function nextMatch(pattern: RegExp, lines: Buffer): NextSuspect {
  let text: string | undefined;
  return (from, end) => {
    text ??= lines.toString("latin1");
    pattern.lastIndex = from;
    return Math.min(end, pattern.exec(text)?.index ?? end);
  };
}

/** Looks again only once it has been passed. */
export function remembered(next: NextSuspect): NextSuspect {
  let at = -1;
  return (from, end) => {
    if (at < from) at = next(from, end);
    return at;
  };
}
