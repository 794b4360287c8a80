import type { MachineOverrides } from "../../../machine/merge.ts";
import { type GetoptOption, getopt } from "../../import/getopt.ts";
import { control, type GivenCommand, type Importer, type ImportSheet } from "../../import/sheet.ts";
import { machineOf, parseScaled, type Vm } from "./vm.ts";
import { readVmConf } from "./vm-conf.ts";

const commands = [
  ...[
    "console",
    "create",
    "load",
    "log",
    "pause",
    "receive",
    "reload",
    "reset",
    "send",
    "show",
    "start",
    "status",
    "stop",
  ],
  ...["unpause", "wait"],
];

/** vmctl(8) of OpenBSD 5.9 to 7.7: the name stands before the options up to 6.5, after them since 6.6. */
export const importVmctl: Importer = (command: GivenCommand, sheet: ImportSheet): MachineOverrides => {
  const words = [...command.args];
  while (/^-v+$/.test(words[0] ?? "")) words.shift();
  const [said, ...args] = words;
  const matches = commands.filter((name) => name === said || (said !== undefined && name.startsWith(said)));
  const [name] = matches.includes(said ?? "") ? [said] : matches;
  if (said === undefined || name === undefined) {
    sheet.refuse(
      `vmctl: usage: ${said === undefined ? "the command is missing" : `${said} is no command`}: write start`,
    );
    return { boot: { kind: "pcat" } };
  }
  if (matches.length > 1 && !matches.includes(said))
    sheet.refuse(`vmctl: ambiguous argument "${said}": ${matches.join(", ")}`);
  if (name === "start") return start(args, command.isElided, sheet);
  if (name === "create") return create(args, command.isElided, sheet);
  if (name === "load") return load(args, command, sheet);
  return act(name, args, sheet);
};

const startLetters = "cLB:b:d:i:m:n:r:t:";

/** Options before the name, after it, or, as shells' histories have it, one on each side. */
function split(
  args: readonly string[],
  letters: string,
  sheet: ImportSheet,
): { options: readonly GetoptOption[]; names: readonly string[] } {
  const first = getopt(args, letters);
  const [name, ...after] = first.rest;
  const second = getopt(after, letters);
  const problem = first.problem ?? second.problem;
  if (problem !== undefined) sheet.refuse(`vmctl: ${problem}`);
  if (first.options.length > 0 && second.options.length > 0) {
    sheet.refuse(
      "vmctl: usage: the options stand before the name (since OpenBSD 6.6) or after it (up to 6.5), not on both sides",
    );
  }
  return {
    options: [...first.options, ...second.options],
    names: [name, ...second.rest].filter((word) => word !== undefined),
  };
}

function start(args: readonly string[], isElided: boolean, sheet: ImportSheet): MachineOverrides {
  const { options, names } = split(args, startLetters, sheet);
  const [name, ...more] = names;
  if ((name === undefined || more.length > 0) && !isElided && sheet.problems.length === 0) {
    sheet.refuse(
      name === undefined
        ? "vmctl: usage: the VM's name or id is missing"
        : `vmctl: usage: one name, not ${names.length} words: ${names.join(" ")}`,
    );
  }
  const vm: Vm = { disks: [], networks: [], interfaces: 0 };
  for (const { letter, value = "" } of options) takeStart(vm, letter, value, sheet);
  const once = options.map(({ letter }) => letter).filter((letter) => "bBmri".includes(letter));
  const twice = once.find((letter, index) => once.indexOf(letter) !== index);
  const what = { b: "boot image", B: "boot device", m: "memory", r: "cdrom", i: "interfaces" }[twice as "b"];
  if (twice !== undefined) sheet.refuse(`vmctl: ${what} specified multiple times`);
  return machineOf({ ...vm, ...(name === undefined ? {} : { name }) }, sheet);
}

function takeStart(vm: Vm, letter: string, value: string, sheet: ImportSheet): void {
  switch (letter) {
    case "m":
      vm.memory = value;
      break;
    case "d":
      vm.disks.push(value);
      break;
    case "r":
      vm.cdrom = value;
      break;
    case "b":
      vm.boot = value;
      break;
    case "B":
      if (/^(disk|cdrom|net)$/.test(value)) vm.bootDevice = value;
      else sheet.refuse(`vmctl: invalid boot device: ${value}: write disk, cdrom or net`);
      break;
    case "L":
      vm.networks.push("local");
      break;
    case "n":
      vm.networks.push(`switch ${value}`);
      break;
    case "i":
      if (/^\d+$/.test(value)) vm.interfaces = Number(value);
      else sheet.refuse(`vmctl: invalid count: ${value}`);
      break;
    case "c":
      vm.isAttached = true;
      break;
    case "t":
      sheet.drop(`-t ${value}`, "an instance of a VM of vm.conf, which says more of it than this command");
  }
}

/** The disk that the command makes is all there is of a machine. */
function create(args: readonly string[], isElided: boolean, sheet: ImportSheet): MachineOverrides {
  const { options, names } = split(args, "b:i:s:", sheet);
  const [file, ...more] = names;
  if ((file === undefined || more.length > 0) && !isElided && sheet.problems.length === 0)
    sheet.refuse("vmctl: usage: create [-b base] [-i disk] [-s size] DISK");
  for (const { letter, value = "" } of options) {
    if (letter === "s" && parseScaled(value) === undefined && !value.includes("$"))
      sheet.refuse(`vmctl: invalid size: ${value}`);
    sheet.drop(`-${letter} ${value}`, "says how the image is made");
  }
  sheet.drop("vmctl create", "makes a disk: the machine it is for is not said");
  return machineOf({ disks: file === undefined ? [] : [file], networks: [], interfaces: 0 }, sheet);
}

function load(args: readonly string[], { readText }: GivenCommand, sheet: ImportSheet): MachineOverrides {
  const [file, ...more] = args;
  if (file === undefined || more.length > 0) sheet.refuse("vmctl: usage: load FILE");
  const text = file === undefined ? undefined : readText(file);
  if (text !== undefined) return readVmConf(text, file ?? "", sheet);
  sheet.drop(`vmctl load ${file ?? ""}`, "the file cannot be read here: what it says is missing");
  return { boot: { kind: "pcat" } };
}

const acting: Readonly<Record<string, string>> = { stop: "afw", log: "", status: "r", show: "r" };

/** Commands to a VM that runs: its name is all they say of it. */
function act(command: string, args: readonly string[], sheet: ImportSheet): MachineOverrides {
  const { options, names } = split(args, acting[command] ?? "", sheet);
  const [name, ...more] = names;
  if (more.length > 0) sheet.refuse(`vmctl: usage: ${command} takes one VM, not ${names.length} words`);
  for (const { letter } of options) sheet.drop(`-${letter}`, control);
  sheet.drop(`vmctl ${command}`, "acts on a machine that another command starts: at most its name is said");
  const isName = name !== undefined && /^[A-Za-z]/.test(name) && !/^(log|reload|reset)$/.test(command);
  return { ...(isName ? { name } : {}), boot: { kind: "pcat" } };
}
