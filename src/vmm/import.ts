import { UsageError } from "../machine/errors.ts";
import type { Machine } from "../machine/machine.ts";
import type { MachineOverrides } from "../machine/merge.ts";
import { importBhyve } from "./bhyve/import/index.ts";
import { type FoundCommand, findInText, findInWords, NotOurs } from "./import/find-command.ts";
import { finishMachine } from "./import/finish.ts";
import { importLibvirt } from "./import/libvirt/index.ts";
import { type Importer, ImportSheet, type ImportSource, type NotCarried } from "./import/sheet.ts";
import { importOpenvmm } from "./openvmm/import/index.ts";
import { importQemu } from "./qemu/import/index.ts";
import { importVmctl } from "./vmctl/import/index.ts";

export { type ImportSource, importSources, type NotCarried } from "./import/sheet.ts";

/** A native command line as a machine, and all it says that the machine does not. */
export interface Imported {
  readonly vmm: ImportSource;
  readonly machine: Machine;
  readonly notCarried: readonly NotCarried[];
}

export interface ImportSettings {
  /** Whose command it is, where the program's name does not tell. */
  readonly from?: ImportSource;
  /** The text of a file that the command names; undefined where it cannot be read. None can if absent. */
  readonly readText?: (path: string) => string | undefined;
}

const importers: Readonly<Record<ImportSource, Importer>> = {
  qemu: importQemu,
  openvmm: importOpenvmm,
  bhyve: importBhyve,
  vmctl: importVmctl,
  libvirt: importLibvirt,
};

/**
 * The machine of a command line that a shell would read: quotes, variables, pipes, `sudo` and comments are taken off.
 * Throws UsageError with every reason for which the VMM itself would refuse it, or if it is another program's.
 *
 * @example importText("sudo qemu-system-x86_64 -m 512M -hda disk.img > log").machine.memory.size // 536870912
 */
export function importText(text: string, settings: ImportSettings = {}): Imported {
  return importFound(() => (isXml(text) ? xmlCommand(text) : findInText(text, settings.from)), settings);
}

/** importText for words that a shell has split already. */
export function importWords(words: readonly string[], settings: ImportSettings = {}): Imported {
  const [first = ""] = words;
  if (words.length === 1 && isXml(first)) return importText(first, settings);
  return importFound(() => findInWords(words, settings.from), settings);
}

function isXml(text: string): boolean {
  return /^\s*(<\?xml|<!--|<domain[\s>])/.test(text);
}

function xmlCommand(text: string): FoundCommand {
  return { source: "libvirt", program: "domain.xml", args: [text], notCarried: [], copies: new Map(), isElided: false };
}

function importFound(find: () => FoundCommand, { readText = () => undefined }: ImportSettings): Imported {
  const { source, notCarried, copies, ...command } = found(find);
  const sheet = new ImportSheet();
  for (const { option, reason } of notCarried) sheet.drop(option, reason);
  const input = withoutCopies(importers[source]({ ...command, readText }, sheet), copies);
  if (sheet.problems.length > 0) throw UsageError.of(sheet.problems, `${command.program} would refuse this command`);
  const machine = finishMachine(input, sheet);
  return { vmm: source, machine, notCarried: sheet.notCarried };
}

/** A file that is copied first is a throw-away: a machine names what it is a copy of, and its VMM copies it. */
function withoutCopies(input: MachineOverrides, copies: ReadonlyMap<string, string>): MachineOverrides {
  const { boot, disks } = input;
  const nvram = boot?.nvram === undefined ? undefined : copies.get(boot.nvram);
  return {
    ...input,
    ...(nvram === undefined ? {} : { boot: { ...boot, nvram } }),
    ...(disks === undefined
      ? {}
      : {
          disks: disks.map((disk) => {
            const from = copies.get(disk.file);
            return from === undefined ? disk : { ...disk, file: from, persist: false };
          }),
        }),
  };
}

function found(find: () => FoundCommand): FoundCommand {
  try {
    return find();
  } catch (error) {
    if (error instanceof NotOurs || error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
