import { nearest } from "../../../machine/nearest.ts";
import { showWord } from "../../../machine/problem.ts";
import { type GivenCommand, type ImportSheet, noAxis } from "../../import/sheet.ts";
import { qemuOptions, tellingOptions } from "./options.ts";

/** One option as it was given. */
export interface Given {
  readonly name: string;
  readonly value: string;
}

/** The arguments of one QEMU command, by option. What nobody asks for is told at the end. */
export class CommandLine {
  readonly #given: readonly Given[];
  readonly #asked = new Set<Given>();
  /** Images named without an option. */
  readonly images: readonly string[];

  constructor(given: readonly Given[], images: readonly string[]) {
    this.#given = given;
    this.images = images;
  }

  /** In the order given. */
  all(...names: readonly string[]): Given[] {
    const found = this.#given.filter(({ name }) => names.includes(name));
    for (const each of found) this.#asked.add(each);
    return found;
  }

  last(...names: readonly string[]): string | undefined {
    return this.all(...names).at(-1)?.value;
  }

  has(...names: readonly string[]): boolean {
    return this.all(...names).length > 0;
  }

  /** The same with more options after it. */
  with(given: readonly Given[]): CommandLine {
    return new CommandLine([...this.#given, ...given], this.images);
  }

  dropRest(sheet: ImportSheet): void {
    for (const each of this.#given) {
      if (this.#asked.has(each)) continue;
      sheet.drop(saidAs(each), qemuOptions.get(each.name)?.reason ?? noAxis);
    }
  }
}

export function saidAs({ name, value }: Given): string {
  return value === "" ? `-${name}` : `-${name} ${value}`;
}

/** QEMU's own walk over its arguments (softmmu/vl.c): one dash or two, no abbreviations, no `=`. */
export function splitQemu({ args, isElided }: GivenCommand, sheet: ImportSheet): CommandLine {
  const given: Given[] = [];
  const images: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? "";
    if (!word.startsWith("-") || word === "-") {
      takeStray(word, given, images, sheet);
      continue;
    }
    const name = word.replace(/^--?/, "");
    const option = qemuOptions.get(name);
    if (tellingOptions.has(name)) {
      sheet.refuse(`${word}: QEMU tells something and ends; there is no machine in that`);
    } else if (option === undefined) {
      const close = nearest(name, [...qemuOptions.keys()]);
      sheet.refuse(`${showWord(word)}: invalid option${close === undefined ? "" : ` (did you mean -${close}?)`}`);
    } else if (!option.takesValue) {
      given.push({ name, value: "" });
    } else if (index + 1 < args.length) {
      given.push({ name, value: args[++index] ?? "" });
    } else if (!isElided) {
      sheet.refuse(`${word}: requires an argument`);
    }
  }
  return new CommandLine(given, images);
}

/** Reports print argv without its quotes: what follows the first word of -append is then still the kernel's. */
function takeStray(word: string, given: Given[], images: string[], sheet: ImportSheet): void {
  const before = given.at(-1);
  if (before?.name !== "append") {
    images.push(word);
    return;
  }
  given[given.length - 1] = { name: "append", value: `${before.value} ${word}` };
  sheet.drop(word, "taken as part of -append, whose quotes seem to be lost: QEMU would take it for a disk");
}
