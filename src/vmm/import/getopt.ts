/** One option of a getopt(3) command line. */
export interface GetoptOption {
  readonly letter: string;
  readonly value?: string;
}

export interface GetoptResult {
  readonly options: readonly GetoptOption[];
  /** What stands after the options: getopt(3) of the BSDs stops at the first word that is none. */
  readonly rest: readonly string[];
  /** What getopt(3) would print, at which these programs print their usage and give up. */
  readonly problem?: string;
}

/** POSIX getopt(3): clustered letters, values glued on or in the next word, `--` ends the options. */
export function getopt(args: readonly string[], letters: string): GetoptResult {
  const options: GetoptOption[] = [];
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? "";
    if (word === "--") return { options, rest: args.slice(index + 1) };
    if (!/^-./s.test(word)) return { options, rest: args.slice(index) };
    for (let at = 1; at < word.length; at++) {
      const letter = word[at] ?? "";
      const known = letter === ":" ? -1 : letters.indexOf(letter);
      if (known < 0) return { options, rest: [], problem: `unknown option -- ${letter}` };
      if (letters[known + 1] !== ":") {
        options.push({ letter });
        continue;
      }
      const glued = word.slice(at + 1);
      const value = glued === "" ? args[++index] : glued;
      if (value === undefined) return { options, rest: [], problem: `option requires an argument -- ${letter}` };
      options.push({ letter, value });
      break;
    }
  }
  return { options, rest: [] };
}
