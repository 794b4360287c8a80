import type { MachineOverrides } from "../../../machine/merge.ts";
import { getopt } from "../../import/getopt.ts";
import { control, type GivenCommand, type ImportSheet } from "../../import/sheet.ts";
import { parseMemory } from "./processors.ts";

/** getopt strings: usr.sbin/bhyveload, sysutils/grub2-bhyve. */
const letters: Readonly<Record<string, string>> = {
  bhyveload: "CSc:d:e:h:l:m:",
  "grub-bhyve": "r:m:M:n:c:d:evSVe:",
};

/**
 * What a loader's command says of the machine it fills: its name, memory and first disk. bhyvectl's says a name. All
 * else is for the bhyve that follows.
 */
export function importLoader(command: GivenCommand, sheet: ImportSheet): MachineOverrides {
  if (command.program === "bhyvectl") return importControl(command, sheet);
  const program = command.program === "bhyveload" ? "bhyveload" : "grub-bhyve";
  const long = command.args.flatMap((word) => longForm(word, program));
  const { options, rest, problem } = getopt(long, letters[program] ?? "");
  if (problem !== undefined) sheet.refuse(`${command.program}: ${problem}`);
  const [name] = rest;
  if (problem === undefined && rest.length !== 1 && !command.isElided) {
    sheet.refuse(`${command.program}: usage: one VM name is the last word, not ${rest.length}`);
  }
  const disks: string[] = [];
  let size = 256 * 2 ** 20;
  for (const { letter, value = "" } of options) {
    if (letter === "m" && program === "bhyveload" ? true : letter === "M") {
      const bytes = parseMemory(value);
      if (bytes === undefined && !value.includes("$")) sheet.refuse(`${command.program}: invalid memsize '${value}'`);
      size = bytes ?? size;
    } else if (letter === "d" && program === "bhyveload") disks.push(value);
    else
      sheet.drop(
        value === "" ? `-${letter}` : `-${letter} ${value}`,
        "says how the guest is loaded: a BIOS does it elsewhere",
      );
  }
  sheet.drop(
    command.program,
    "fills a machine that another command then runs: what it does not say is Petri's default",
  );
  return {
    ...(name === undefined ? {} : { name }),
    boot: { kind: "pcat" },
    memory: { size },
    disks: disks.map((file) => ({ file, bus: "virtio" as const, persist: true })),
  };
}

/** grub-bhyve has long words too. */
function longForm(word: string, program: string): string[] {
  const [, name = "", value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
  const short = {
    root: "r",
    "device-map": "m",
    memory: "M",
    cons: "c",
    directory: "d",
    vm: "n",
    "cons-dev": "c",
    verbose: "v",
    wire: "S",
  }[name];
  if (short === undefined || program === "bhyveload") return [word];
  return value === undefined ? [`-${short}`] : [`-${short}`, value];
}

function importControl({ args, isElided }: GivenCommand, sheet: ImportSheet): MachineOverrides {
  const name = args.flatMap(
    (word, index) => /^--vm=(.+)$/.exec(word)?.[1] ?? (word === "--vm" ? (args[index + 1] ?? []) : []),
  )[0];
  if (name === undefined && !isElided) sheet.refuse("bhyvectl: usage: --vm=NAME is missing");
  for (const word of args) if (!/^--vm/.test(word) && word !== name) sheet.drop(word, control);
  sheet.drop("bhyvectl", "acts on a machine that another command runs: its name is all that is said of it");
  return { ...(name === undefined ? {} : { name }), boot: { kind: "pcat" } };
}
