/**
 * What a regular expression's source tells about when its match is final. Only a scan of the source: where it is
 * unsure it says "open" and "crosses lines", which costs time but never a wrong answer.
 */
export interface RegexFacts {
  /** The source with CRs made optional: text has none, and people write `\r\n` for a serial line. */
  readonly tolerantSource: string;
  /** True if a match may contain a line end, or looks past one. */
  readonly crossesLines: boolean;
  /** True if a lookahead may look past a line end. */
  readonly looksAcrossLines: boolean;
  /** True if more text after a match could change it: a quantifier, `$`, `\b` or a lookahead at its tail. */
  readonly isOpen: boolean;
}

type Term = "consumes" | "open";

/** `regex` compiles already, so the scan need not find errors. */
export function readRegex(regex: RegExp): RegexFacts {
  const atomFlags = regex.flags.replace(/[gym]/g, "");
  const tokens = regexTokens(regex);
  let at = 0;
  let crossesLines = false;
  let looksAcrossLines = false;
  let hasLookahead = false;
  let lookaheads = 0;
  let tolerantSource = "";

  /** Alternatives up to the closing parenthesis; true if each one ends by consuming a character for good. */
  function alternatives(): boolean {
    let areClosed = true;
    let last: Term = "open";
    for (;;) {
      const text = tokens[at++];
      if (text === undefined || text === ")" || text === "|") {
        areClosed &&= last === "consumes";
        last = "open";
        tolerantSource += text ?? "";
        if (text !== "|") return areClosed;
      } else {
        last = exactCount.test(text) ? counted(text, last) : term(text);
      }
    }
  }

  function counted(text: string, last: Term): Term {
    tolerantSource += text;
    return last;
  }

  function term(text: string): Term {
    if (text.startsWith("(")) return group(text);
    if (/^([*+?^$]|\{\d)/.test(text)) {
      tolerantSource += text;
      return "open";
    }
    if (text === "\\r" || text === "\r") {
      tolerantSource += "(?:\\r?)";
      return "open";
    }
    tolerantSource += text;
    if (/^\\([bB1-9]|k<)/.test(text)) return "open";
    if (matchesLineFeed(text, atomFlags)) {
      crossesLines = true;
      looksAcrossLines ||= lookaheads > 0;
    }
    return "consumes";
  }

  function group(opening: string): Term {
    tolerantSource += opening;
    const isLookahead = opening === "(?=" || opening === "(?!";
    const isLookbehind = opening === "(?<=" || opening === "(?<!";
    const isModifier = /^\(\?[a-z-]+:$/.test(opening);
    if (isModifier) crossesLines = looksAcrossLines = hasLookahead = true;
    hasLookahead ||= isLookahead;
    if (isLookahead) lookaheads++;
    const isClosed = alternatives();
    if (isLookahead) lookaheads--;
    return isClosed && !isLookahead && !isLookbehind ? "consumes" : "open";
  }

  const isClosed = alternatives();
  return { tolerantSource, crossesLines, looksAcrossLines, isOpen: !isClosed || hasLookahead };
}

/** Atoms, quantifiers, group openings and the rest of the syntax, one by one. */
export function regexTokens({ source, flags }: RegExp): readonly string[] {
  return source.match(flags.includes("v") ? tokenWithSets : token) ?? [];
}

const exactCount = /^\{[1-9]\d*\}\??$/;
const escapes = String.raw`\\(?:k<[^>]*>|u\{[^}]*\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|[pP]\{[^}]*\}|[1-9]\d*|[^])`;
const groups = String.raw`\(\?(?:[:=!]|<[=!]|<[^>]*>|[a-z-]+:)|\(`;
const quantifiers = String.raw`(?:[*+?]|\{\d+(?:,\d*)?\})\??`;
const classes = String.raw`\[(?:\\[^]|[^\]\\])*\]`;
// With the v flag classes nest, two levels deep in practice.
const sets = String.raw`\[(?:\\[^]|\[(?:\\[^]|\[(?:\\[^]|[^\]\\])*\]|[^\[\]\\])*\]|[^\[\]\\])*\]`;
const token = new RegExp(`${escapes}|${classes}|${groups}|${quantifiers}|[^]`, "g");
const tokenWithSets = new RegExp(`${escapes}|${sets}|${groups}|${quantifiers}|[^]`, "g");

/** Asks the engine itself, so classes and ranges of every kind are read right. */
function matchesLineFeed(atom: string, flags: string): boolean {
  if (/^[\w ]$/.test(atom)) return false;
  try {
    return new RegExp(`^(?:${atom})$`, flags).test("\n");
  } catch {
    return true;
  }
}
