import type { ConsoleName } from "../machine/machine.ts";

// A wait as data: all that is needed to look again at the same bytes and come to the same answer.

/** A pattern as it was given to `expect`. */
export type PatternRecord = { readonly text: string } | { readonly source: string; readonly flags: string };

/**
 * What a wait looks for: one pattern, the first of several, none in a span, or lines. What must not come is the first of
 * the patterns; a second one is that which ends the span.
 */
export type WaitMode = "expect" | "any" | "not" | "lines";

export interface WaitFacts {
  readonly console: ConsoleName;
  readonly mode: WaitMode;
  readonly patterns: readonly PatternRecord[];
  readonly raw: boolean;
  /** True if kernel lines in a match were tolerated. */
  readonly tolerant?: boolean;
  /** How lines come, if not in the order of the patterns with others between. */
  readonly order?: "consecutive" | "any";
  /** Byte offset it looks from. */
  readonly from: number;
  /** `Infinity` if it has none. */
  readonly timeoutMs: number;
}

/** What a pattern was found as, cut where it is long. */
export interface MatchRecord {
  /** Byte offsets [start, end). */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly groups?: Readonly<Record<string, string>> | undefined;
  /** Which of several patterns. */
  readonly pattern?: number | undefined;
}

/**
 * How a wait settled, having looked at the record up to byte `looked`. `by` tells what made a match final: the text
 * alone, a silence after a prompt, the wait's deadline, or the end of all output. `absent`: the span of a `not` was over.
 * `stopped`: by its signal, a crash, or
 * a record that cannot be read.
 */
export type WaitOutcome =
  | {
      readonly outcome: "matched";
      readonly by: "text" | "silence" | "deadline" | "end";
      readonly looked: number;
      readonly matches: readonly MatchRecord[];
    }
  | { readonly outcome: "absent"; readonly by: "deadline" | "end"; readonly looked: number }
  | { readonly outcome: "timeout" | "ended" | "stopped"; readonly looked: number; readonly reason: string };

/** Told of every wait when it begins to look; what it returns is told once how that wait settled. */
export type WaitObserver = (facts: WaitFacts) => (outcome: WaitOutcome) => void;

const longestText = 256;

/** How a pattern is looked for, as far as it is not what is usual. */
export function tolerance(pattern: { readonly skipsKernelLines: boolean }): { tolerant?: true } {
  return pattern.skipsKernelLines ? { tolerant: true } : {};
}

export function matchRecord(
  match: { start: number; end: number; text: string; groups: Readonly<Record<string, string | undefined>> },
  pattern?: number,
): MatchRecord {
  const groups = Object.entries(match.groups).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, text.slice(0, longestText)] as const],
  );
  return {
    ...{ start: match.start, end: match.end, text: match.text.slice(0, longestText) },
    ...(groups.length > 0 && { groups: Object.fromEntries(groups) }),
    ...(pattern !== undefined && { pattern }),
  };
}
