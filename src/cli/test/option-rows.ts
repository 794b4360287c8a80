import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Difference, diffMachines } from "../../machine/diff.ts";
import { UsageError } from "../../machine/errors.ts";
import type { Machine } from "../../machine/machine.ts";
import { checkMachineOptions, splitArgv } from "../../machine/options.ts";
import type { ImportSource, NotCarried } from "../../vmm/import/sheet.ts";
import { importText } from "../../vmm/import.ts";

/** How far Petri takes an option of a manual. */
export const supports = ["carried", "in part", "refused", "out of scope"] as const;
export type Support = (typeof supports)[number];

/** One option of a manual, as its fixture says. */
export interface OptionRow {
  readonly support: Support;
  /** `-netdev tap`: the option and, where it says different things by it, the first word of its value. */
  readonly option: string;
  /** A command line with the option in `<…>`: without that part it is the same command line without the option. */
  readonly example: string;
  /** Why it is out of scope, where the importer need not say so. */
  readonly reason: string;
}

/** What the code makes of a row's example. */
export interface Outcome {
  /** Fields of the machine, or of how it is run, that the option changes: `memory.size`, `disks[0] on ide`. */
  readonly fields: readonly string[];
  /** What is told of the option as left out or refused. */
  readonly told: readonly string[];
  /** The whole command line is refused as one that the VMM, or `petri boot`, does not understand. */
  readonly isMistake: boolean;
}

export const manuals = ["openvmm", "qemu", "bhyve", "vmctl", "vm-conf"] as const;
export type Manual = (typeof manuals)[number];

const folder = fileURLToPath(new URL("../../../fixtures/manual-options/", import.meta.url));
const linesOf = (name: string) =>
  readFileSync(`${folder}${name}`, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

export function rowsOf(manual: Manual | "v86" | "vmm"): OptionRow[] {
  return linesOf(`${manual}.txt`).map((line) => {
    const [support, option = "", example = "", reason = ""] = line.split("\t");
    return { support: support as Support, option, example, reason }; // the test holds it to `supports`
  });
}

/** The options that each manual has, extracted from its text. */
export function namesOf(manual: string): string[] {
  return linesOf("names.txt")
    .map((line) => line.split("\t"))
    .filter(([name]) => name === manual)
    .flatMap(([, names = ""]) => names.split(", "));
}

export function outcomeOf(manual: Manual, { example }: OptionRow): Outcome {
  const read = manual === "openvmm" ? readOptions : (text: string) => readCommand(manual, text);
  const without = read(example.replaceAll(/<(?:([^<>|]*)\|)?[^<>]*>/g, "$1"));
  const whole = read(example.replaceAll(/<(?:[^<>|]*\|)?([^<>]*)>/g, "$1"));
  if (without.machine === undefined)
    throw new Error(`${example} is refused without its option: ${without.told.join("; ")}`);
  return {
    fields: whole.machine === undefined ? [] : diffMachines(without.machine, whole.machine).map(fieldOf),
    told: more(without.told, whole.told),
    isMistake: whole.isMistake,
  };
}

/** A disk or card that the option adds is told with its bus or model. */
function fieldOf({ path, b }: Difference): string {
  const { bus, model } = (typeof b === "object" && b !== null ? b : {}) as { bus?: string; model?: string };
  return [path, bus && `on ${bus}`, model && `of ${model}`].filter(Boolean).join(" ");
}

/** What the second list has more of. */
function more(before: readonly string[], after: readonly string[]): string[] {
  const left = [...before];
  return after.filter((each) => {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

interface Reading {
  /** Absent where the command line is refused. */
  readonly machine?: Machine;
  readonly told: readonly string[];
  readonly isMistake: boolean;
}

/** OpenVMM's page is the grammar of `petri boot`. */
function readOptions(text: string): Reading {
  const words = text.split(" ").filter((word) => word !== "");
  const argv = words.some((word) => word === "--uefi" || word === "--pcat") ? words : ["--uefi", ...words];
  const { machine, run, problems, notCarried } = checkMachineOptions(splitArgv(argv));
  const told = [...problems, ...notCarried].map((problem) => problem.slice(problem.indexOf(": ") + 2));
  if (machine === undefined || told.length > 0) return { told, isMistake: problems.length > 0 };
  const { boot: _, ...rest } = run;
  const whole = { ...machine, run: rest }; // as diffMachines sees it, beside the machine's fields stand those of its run
  return { machine: whole, told, isMistake: false };
}

const wholeCommand: Readonly<Record<Exclude<Manual, "openvmm">, (text: string) => string>> = {
  qemu: (text) => `qemu-system-x86_64 ${text}`,
  bhyve: (text) => `bhyve ${text}${/\b(vm|other)$/.test(text) ? "" : " vm"}`,
  vmctl: (text) => `vmctl ${text === "" ? "start vm" : text}`,
  "vm-conf": () => "vmctl load vm.conf",
};

/** The files that examples name. */
const files: Readonly<Record<string, string>> = {
  "vm.conf": 'vm "web" {\n  memory 1G\n}\n',
  "bhyve.conf": "memory.size=1G\n",
  "machine.cfg": '[memory]\n  size = "1G"\n',
};

function readCommand(manual: Exclude<Manual, "openvmm">, text: string): Reading {
  const from: ImportSource = manual === "vm-conf" ? "vmctl" : manual;
  const readText = (path: string) => (manual === "vm-conf" ? text.replaceAll(";", "\n") : files[path]);
  try {
    const { machine, notCarried } = importText(wholeCommand[manual](text), { from, readText });
    return { machine, told: notCarried.map(({ reason }: NotCarried) => reason), isMistake: false };
  } catch (error) {
    if (error instanceof UsageError) return { told: [error.message], isMistake: true };
    throw error;
  }
}
