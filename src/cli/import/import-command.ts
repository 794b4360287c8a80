import { readFileSync } from "node:fs";
import { briefMachine } from "../../machine/brief.ts";
import { PetriError, UsageError } from "../../machine/errors.ts";
import { type Imported, importText, importWords } from "../../vmm/import.ts";
import type { ImportFlags } from "../import.ts";
import { toJsonLine } from "../json-line.ts";
import { writeTo } from "../output.ts";
import { exitCodeOf } from "../print-error.ts";
import { tellNotCarried } from "./not-carried.ts";
import { readSmallFile } from "./small-file.ts";

export async function importCommand(words: readonly string[], flags: ImportFlags): Promise<number> {
  const { from, fromFile, json } = flags;
  const settings = { readText: readSmallFile, ...(from === undefined ? {} : { from }) };
  if (fromFile !== undefined) {
    for (const line of commandsOf(readWhole(fromFile))) {
      await writeTo(process.stdout, toJsonLine(recordOf(() => importText(line, settings))));
    }
    return 0;
  }
  const read = () => importWords(asCommand(words), settings);
  if (json) {
    const record = recordOf(read);
    await writeTo(process.stdout, toJsonLine(record));
    return "error" in record ? 64 : 0;
  }
  await print(read());
  return 0;
}

/** A file's name alone stands for the command that reads it. */
function asCommand(words: readonly string[]): readonly string[] {
  const [word = ""] = words;
  if (words.length > 1 || /\s/.test(word)) return words;
  if (/\.xml$/i.test(word)) return ["virsh", "define", word];
  return /(^|\/)vm\.conf$|\.conf$/.test(word) ? ["vmctl", "load", word] : words;
}

type ImportRecord = Pick<Imported, "vmm" | "machine" | "notCarried"> | { readonly error: string };

function recordOf(read: () => Imported): ImportRecord {
  try {
    const { vmm, machine, notCarried } = read();
    return { vmm, machine, notCarried };
  } catch (error) {
    if (!(error instanceof PetriError) || exitCodeOf(error) !== 64) throw error;
    return { error: error.message };
  }
}

async function print({ machine, notCarried }: Imported): Promise<void> {
  await writeTo(process.stdout, `${JSON.stringify(briefMachine(machine), null, 2)}\n`);
  await tellNotCarried(notCarried);
}

/** One operand as a machine: a command in quotes, a domain's file, a vm.conf. */
export function importOperand(operand: string): Imported {
  return importWords(asCommand([operand]), { readText: readSmallFile });
}

/** Blank lines and comments hold no command; a line that ends in a backslash goes on in the next. */
function commandsOf(text: string): string[] {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(/(?<!\\)((?:\\\\)*)\\\n/g, "$1 ")
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^\s*#(?!\s+\S*(qemu|bhyve|vmctl|openvmm|sudo|doas))/.test(line));
}

function readWhole(path: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    throw new UsageError(`--from-file ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
