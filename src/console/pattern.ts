import { UsageError } from "../machine/errors.ts";
import { printable } from "../power/printable.ts";
import { WindowFinder } from "./find-across-lines.ts";
import { LineFinder } from "./find-in-lines.ts";
import { LiteralFinder } from "./find-literal.ts";
import { type Finder, windowOverlap } from "./finder.ts";
import { literalPrefix, longestRun, type Needle, needleOfLiteral, needleOfRegex, sharpened } from "./needle.ts";
import { readRegex } from "./regex-source.ts";
import type { PatternRecord } from "./wait-record.ts";

/** What a wait looks for, ready to look for it. */
export interface Pattern {
  /** For messages: `"login:"` or `/^login: $/`. */
  readonly title: string;
  /** As it was given. */
  readonly record: PatternRecord;
  /** True if text after a match could change it, so that it is final only when its line or the output ends. */
  readonly isOpen: boolean;
  readonly isRaw: boolean;
  /** True if whole kernel lines may stand in a match. */
  readonly skipsKernelLines: boolean;
  /** Text that most matches hold, for telling what came near. */
  readonly gist: string | undefined;
  /** Tells whole lines that cannot hold a match from those that may. */
  readonly needle: Needle | undefined;
  newFinder(): Finder;
}

export interface PatternOptions {
  /** Matches bytes (one character each, U+0000..U+00FF) instead of readable text. */
  raw?: boolean;
  /**
   * Whole lines of the kernel (`[   12.345678] …`, with or without a level `<6>`) are left out, wherever they landed in
   * the text: in the middle of a line, of a word, of an escape sequence. The match's text is what is left.
   */
  tolerateKernelMessages?: boolean;
}

/** Throws UsageError for what can never be found. */
export function compilePattern(pattern: string | RegExp, options: PatternOptions = {}): Pattern {
  const isRaw = options.raw ?? false;
  const skipsKernelLines = options.tolerateKernelMessages ?? false;
  if (pattern instanceof RegExp) return compileRegex(pattern, isRaw, skipsKernelLines);
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
    gist: isRaw ? undefined : literal,
    isOpen: false,
    ...{ isRaw, skipsKernelLines },
    needle: isRaw ? undefined : needleOfLiteral(literal),
    newFinder: () => new LiteralFinder(literal),
  };
}

/** The same, through kernel lines that landed in it. */
export function tolerantOf(pattern: Pattern): Pattern {
  return { ...pattern, skipsKernelLines: true };
}

function compileRegex(pattern: RegExp, isRaw: boolean, skipsKernelLines: boolean): Pattern {
  const facts = readRegex(pattern);
  const { crossesLines, isOpen } = facts;
  // `^` and `$` mean a line's, since "the whole text" has no end; `g` makes exec start at lastIndex.
  const flags = `${pattern.flags.replace(/[gmy]/g, "")}gm`;
  const source = isRaw ? pattern.source : facts.tolerantSource;
  return {
    title: printable(String(pattern)),
    record: { source: pattern.source, flags: pattern.flags },
    gist: isRaw ? undefined : longestRun(pattern),
    isOpen,
    ...{ isRaw, skipsKernelLines },
    needle: isRaw || crossesLines ? undefined : sharpened(needleOfRegex(pattern), new RegExp(source, flags)),
    newFinder: () => {
      const regex = new RegExp(source, flags);
      const prefix = isRaw ? "" : literalPrefix(pattern);
      return crossesLines ? new WindowFinder(regex, facts, prefix) : new LineFinder(regex, isOpen, prefix);
    },
  };
}
