import { listOf, suggest } from "../nearest.ts";
import { show, showWord } from "../problem.ts";
import { readSize } from "../size.ts";
import type { Report } from "./option.ts";

/** How the value of one key reads: undefined for text that it does not accept. */
export interface Key<T> {
  readonly accepts: string;
  readonly read: (value: string) => Partial<T> | undefined;
}

/** A comma list such as `4G,shared=off`: a first item without a key, `key=value` items, bare words. */
export interface ListGrammar<T> {
  readonly first?: Key<T>;
  readonly keys: Readonly<Record<string, Key<T>>>;
  readonly words?: Readonly<Record<string, Partial<T>>>;
  /** Keys and words of OpenVMM that Petri does not carry yet. */
  readonly notCarried?: readonly string[];
}

/** Reads every item, reporting each that is wrong, so that one mistake hides no other. */
export function readList<T extends object>(text: string, grammar: ListGrammar<T>, report: Report): Partial<T> {
  const seen = new Set<string>();
  const result: Partial<T> = {};
  splitCommas(text).forEach((item, index, { length }) => {
    const here = { ...grammar, first: index === 0 ? grammar.first : undefined, isAlone: length === 1 };
    Object.assign(result, readItem(item, here, seen, report));
  });
  return result;
}

type Item<T> = Omit<ListGrammar<T>, "first"> & { first?: Key<T> | undefined; isAlone: boolean };

function readItem<T>(
  item: string,
  { first, keys, words = {}, notCarried = [], isAlone }: Item<T>,
  seen: Set<string>,
  report: Report,
): Partial<T> | undefined {
  const [, key, value] = /^([A-Za-z][\w-]*)=(.*)$/s.exec(item) ?? [];
  const name = key ?? item;
  if (notCarried.includes(name)) {
    report.notCarried(`"${name}" is not carried yet: leave it out`);
    return undefined;
  }
  if (key === undefined || value === undefined) {
    if (Object.hasOwn(words, item)) return words[item];
    if (first !== undefined) return first.read(item) ?? refuse(item, first.accepts, report, isAlone);
    if (item === "") report.wrong("an item is empty: leave out the extra comma");
    else if (Object.hasOwn(keys, item))
      report.wrong(`${item} needs a value: write ${item}= with ${keys[item]?.accepts}`);
    else report.wrong(`unknown word ${show(item)}: ${suggest(item, [...Object.keys(words), ...Object.keys(keys)])}`);
    return undefined;
  }
  const known = Object.hasOwn(keys, key) ? keys[key] : undefined;
  if (known === undefined) {
    report.wrong(`unknown key ${show(key)}: ${suggest(key, [...Object.keys(keys), ...Object.keys(words)])}`);
    return undefined;
  }
  if (seen.has(key)) report.wrong(`${key}= is given twice: keep one`);
  seen.add(key);
  return known.read(value) ?? refuse(item, known.accepts, report);
}

function refuse(item: string, accepts: string, report: Report, isAlone = false): undefined {
  if (isAlone) report.refuse(`write ${accepts}`);
  else report.wrong(`${item === "" ? "nothing" : showWord(item)} is not accepted: write ${accepts}`);
}

/** Splits at commas; a comma that belongs to a value is written twice, as in QEMU's grammar. */
export function splitCommas(text: string): string[] {
  return text
    .replaceAll(",,", "\0")
    .split(",")
    .map((item) => item.replaceAll("\0", ","));
}

export function onOff<T>(make: (on: boolean) => Partial<T>): Key<T> {
  return {
    accepts: "on or off",
    read: (value) => (value === "on" || value === "off" ? make(value === "on") : undefined),
  };
}

export function sizeKey<T>(make: (bytes: number) => Partial<T>): Key<T> {
  return {
    accepts: "a size such as 512M or 4G",
    read: (value) => {
      const bytes = readSize(value);
      return bytes === undefined ? undefined : make(bytes);
    },
  };
}

export function countKey<T>(make: (count: number) => Partial<T>, least = 1): Key<T> {
  return {
    accepts: `a whole number from ${least}`,
    read: (value) => (/^\d{1,9}$/.test(value) && Number(value) >= least ? make(Number(value)) : undefined),
  };
}

export function textKey<T>(accepts: string, make: (value: string) => Partial<T>): Key<T> {
  return { accepts, read: (value) => (value === "" ? undefined : make(value)) };
}

export function wordKey<T, W extends string>(words: readonly W[], make: (word: W) => Partial<T>): Key<T> {
  return {
    accepts: listOf(words),
    read: (value) => {
      const word = words.find((candidate) => candidate === value);
      return word === undefined ? undefined : make(word);
    },
  };
}
