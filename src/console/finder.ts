/** A match by index into the searched text. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly captures: readonly (string | undefined)[];
  readonly groups: Readonly<Record<string, string | undefined>>;
}

/**
 * Looks for one pattern in text that grows at its end and is dropped at its beginning. The answer depends on the text
 * alone, never on the steps by which it grew.
 */
export interface Finder {
  /** The first match that starts at `from` or later, once no further text can change it. */
  find(text: string, from: number): Span | undefined;
  /** The match if no further text were to come. */
  provisional(text: string, from: number): Span | undefined;
  /** No match that is still to come starts before this index; the text's length if none starts in it. */
  firstOpenStart(text: string, from: number): number;
  /** Text before this index will not be looked at again. */
  readonly keepFrom: number;
  /** The first `count` characters were dropped. */
  shift(count: number): void;
}

/** A match across lines lies within this many characters. What lies further apart is not found together. */
export const windowLength = 65_536;
/**
 * A match in one line lies within this many. Shorter, because a pattern such as `x.*y` takes the square of it on a
 * line of nothing but x.
 */
export const lineWindowLength = 16_384;
/** Consecutive windows over one stretch share this many characters: no match up to this length falls between them. */
export const windowOverlap = 8192;

/** A stretch to search: matches start at `from` or later; from `window` up to there is context only. */
export interface Stretch {
  readonly text: string;
  readonly window: number;
  readonly from: number;
}

/** Runs `regex` as if the text ended at `limit`. */
export function execWithin(regex: RegExp, { text, window, from }: Stretch, limit: number): Span | undefined {
  if (from > limit) return undefined;
  // The one character before the window tells whether a line starts with it.
  const context = Math.max(0, window - 1);
  regex.lastIndex = from - context;
  const match = regex.exec(text.slice(context, limit));
  if (!match) return undefined;
  const start = match.index + context;
  return { start, end: start + match[0].length, captures: match.slice(1), groups: { ...match.groups } };
}

/**
 * The match in the shortest text that has one, given a match in text [.., found.end). Only for patterns whose match
 * stays one when text follows: then having a match is monotone in the text's length.
 */
export function shortest(regex: RegExp, stretch: Stretch, found: Span): Span {
  let best = execWithin(regex, stretch, found.end) ?? found;
  let without = stretch.from - 1;
  let withMatch = found.end;
  let probe = withMatch - 1;
  while (withMatch - without > 1) {
    const match = execWithin(regex, stretch, probe);
    if (match) {
      best = match;
      withMatch = probe;
    } else {
      without = probe;
    }
    probe = (without + withMatch) >> 1;
  }
  return best;
}

/** Where, from `from` on, `text` goes on with `prefix`, or ends with the beginning of it; else the text's length. */
export function firstPlaceFor(prefix: string, text: string, from: number): number {
  const whole = text.indexOf(prefix, from);
  if (whole >= 0) return whole;
  for (let at = Math.max(from, text.length - prefix.length + 1); at < text.length; at++) {
    if (prefix.startsWith(text.slice(at))) return at;
  }
  return text.length;
}
