import { notCarriedOptions } from "./not-carried.ts";
import { machineOptions } from "./table.ts";

/** An option as it was given: its long name without dashes, and its value if it had one. A stray word has no name. */
export type GivenOption = readonly [name: string, value?: string | undefined];

/**
 * Splits a command line into options by GNU's rules: `--name value`, `--name=value`, `-mVALUE`. Stray words
 * and options that nobody knows are passed on for the reader to refuse.
 */
export function splitArgv(argv: readonly string[]): GivenOption[] {
  const given: GivenOption[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    const next = () => (index + 1 < argv.length ? argv[++index] : undefined);
    given.push(readWord(word, next, argv[index + 1]));
  }
  return given;
}

function readWord(word: string, next: () => string | undefined, peek: string | undefined): GivenOption {
  const [, long, equals, rest] = /^--([^=]+)(=?)(.*)$/s.exec(word) ?? [];
  if (long !== undefined) {
    if (equals === "=") return [long, rest ?? ""];
    const takes = takesValue(long) ?? (peek !== undefined && !peek.startsWith("-"));
    return takes ? withValue(long, next()) : [long];
  }
  const short = /^-([A-Za-z])(.*)$/s.exec(word);
  const option = machineOptions.find((candidate) => short !== null && candidate.short === short[1]);
  if (!word.startsWith("-")) return ["", word];
  if (short === null || option === undefined) return [word];
  if (option.value === undefined) return short[2] === "" ? [option.name] : [word];
  return short[2] === "" ? withValue(option.name, next()) : [option.name, (short[2] ?? "").replace(/^=/, "")];
}

function withValue(name: string, value: string | undefined): GivenOption {
  return value === undefined ? [name] : [name, value];
}

/** Undefined for an option that nobody knows. */
function takesValue(name: string): boolean | undefined {
  const option = machineOptions.find((candidate) => candidate.name === name) ?? notCarried(name);
  return option === undefined ? undefined : option.value !== undefined;
}

function notCarried(name: string) {
  return Object.hasOwn(notCarriedOptions, name) ? notCarriedOptions[name] : undefined;
}
