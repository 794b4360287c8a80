import { isQuantifier, literalCharacter } from "../console/needle.ts";
import { regexTokens } from "../console/regex-source.ts";

/** Shorter ones are everywhere. */
const shortest = 2;
/** More alternatives than this are not multiplied out. */
const mostRuns = 16;

/**
 * Texts of which any match of a regular expression holds at least one; undefined where it has a match without any, or
 * ignores case. Only a scan of the source: where it is unsure it says less.
 */
export function requiredWords(regex: RegExp): readonly string[] | undefined {
  if (regex.ignoreCase) return undefined;
  const { words } = readAlternatives(regexTokens(regex), { at: 0 });
  return words && [...new Set(words)];
}

interface Reading {
  readonly words: readonly string[] | undefined;
  /** All that it matches, if that is a few fixed texts. */
  readonly texts: readonly string[] | undefined;
}

/** Up to the closing parenthesis: every alternative must require something. */
function readAlternatives(tokens: readonly string[], position: { at: number }): Reading {
  const all: Reading[] = [];
  do all.push(readSequence(tokens, position));
  while (tokens[position.at++] === "|");
  const of = (part: keyof Reading) => {
    const parts = all.map((reading) => reading[part]);
    return parts.every((each) => each !== undefined) ? parts.flat() : undefined;
  };
  return { words: of("words"), texts: of("texts") };
}

/** Up to `|` or `)`, which is left to be read: the best of what each part requires. */
function readSequence(tokens: readonly string[], position: { at: number }): Reading {
  const found: (readonly string[])[] = [];
  let runs: readonly string[] = [""];
  let isFixed = true;
  const follow = (texts: readonly string[]): void => {
    runs = runs.flatMap((run) => texts.map((text) => run + text));
  };
  const endRun = (): void => {
    found.push(runs);
    runs = [""];
    isFixed = false;
  };
  for (let token = tokens[position.at]; token !== undefined && token !== "|" && token !== ")"; ) {
    position.at++;
    const { words, texts } = token.startsWith("(") ? readGroup(token, tokens, position) : atom(token);
    token = tokens[position.at];
    if (token !== undefined && isQuantifier(token)) {
      endRun();
      if (words && !/^(?:[*?]|\{0)/.test(token)) found.push(words);
      token = tokens[++position.at];
    } else if (texts && texts.length * runs.length <= mostRuns) {
      follow(texts);
    } else {
      endRun();
      if (words) found.push(words);
    }
  }
  const texts = isFixed ? runs : undefined;
  found.push(runs);
  const usable = found.filter((words) => words.every((word) => word.length >= shortest));
  return { words: usable.sort((a, b) => worth(b) - worth(a))[0], texts };
}

const nothing: Reading = { words: undefined, texts: [""] };

function readGroup(opening: string, tokens: readonly string[], position: { at: number }): Reading {
  const inside = readAlternatives(tokens, position);
  // Of flags that are set within only, case is one that words would have to know of.
  if (/^\(\?[a-z-]+:/.test(opening)) return { words: undefined, texts: undefined };
  return /^\(\?<?[=!]/.test(opening) ? nothing : inside;
}

function atom(token: string): Reading {
  if (/^(?:[\^$]|\\[bB])$/.test(token)) return nothing;
  const text = literalCharacter(token);
  return { words: undefined, texts: text === undefined ? undefined : [text] };
}

/** Long texts are rare; of many, some are not. */
function worth(words: readonly string[]): number {
  return Math.min(12, ...words.map((word) => word.length)) - words.length / 10;
}
