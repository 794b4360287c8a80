import { UsageError } from "../machine/errors.ts";
import { printable } from "../power/printable.ts";
import { WindowFinder } from "./find-across-lines.ts";
import { LineFinder } from "./find-in-lines.ts";
import { LiteralFinder } from "./find-literal.ts";
import { type Finder, windowOverlap } from "./finder.ts";
import { type Needle, needleOfLiteral, needleOfRegex } from "./needle.ts";
import { readRegex } from "./regex-source.ts";
import type { PatternRecord } from "./wait-record.ts";

/** What a wait looks for, ready to look for it. */
export interface Pattern {
  /** For messages: `"login:"` or `/^login: $/`. */
  readonly title: string;
  /** As it was given. */
  readonly record: PatternRecord;
  /** The text itself, unless it is a regular expression. */
  readonly literal: string | undefined;
  /** True if text after a match could change it, so that it is final only when its line or the output ends. */
  readonly isOpen: boolean;
  readonly isRaw: boolean;
  /** Tells whole lines that cannot hold a match from those that may. */
  readonly needle: Needle | undefined;
  newFinder(): Finder;
}

/** Throws UsageError for what can never be found. */
export function compilePattern(pattern: string | RegExp, isRaw: boolean): Pattern {
  if (pattern instanceof RegExp) return compileRegex(pattern, isRaw);
  if (pattern === "") throw new UsageError('expect(""): an empty text is everywhere; name what the guest prints');
  if (pattern.length > windowOverlap) {
    throw new UsageError(
      `expect: a text of ${pattern.length} characters is longer than the ${windowOverlap} searched for`,
    );
  }
  if (isRaw && /[^\0-\xff]/.test(pattern)) {
    throw new UsageError(`expect("${printable(pattern)}", { raw: true }): each character is a byte, U+0000 to U+00FF`);
  }
  // A line end reads as "\n" however the guest writes it (decoder.ts).
  const literal = isRaw ? pattern : pattern.replace(/\r+\n?/g, "\n");
  return {
    title: `"${printable(pattern)}"`,
    record: { text: pattern },
    literal,
    isOpen: false,
    isRaw,
    needle: isRaw ? undefined : needleOfLiteral(literal),
    newFinder: () => new LiteralFinder(literal),
  };
}

function compileRegex(pattern: RegExp, isRaw: boolean): Pattern {
  const facts = readRegex(pattern);
  const { crossesLines, isOpen } = facts;
  // `^` and `$` mean a line's, since "the whole text" has no end; `g` makes exec start at lastIndex.
  const flags = `${pattern.flags.replace(/[gmy]/g, "")}gm`;
  const source = isRaw ? pattern.source : facts.tolerantSource;
  return {
    title: printable(String(pattern)),
    record: { source: pattern.source, flags: pattern.flags },
    literal: undefined,
    isOpen,
    isRaw,
    needle: isRaw || crossesLines ? undefined : needleOfRegex(pattern),
    newFinder: () => {
      const regex = new RegExp(source, flags);
      return crossesLines ? new WindowFinder(regex, facts) : new LineFinder(regex, isOpen);
    },
  };
}
