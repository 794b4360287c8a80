import type { MachineOverrides } from "../../../machine/merge.ts";
import { isUefiFile } from "../../import/firmware-names.ts";
import { getopt } from "../../import/getopt.ts";
import { control, type GivenCommand, type Importer, type ImportSheet, placement } from "../../import/sheet.ts";
import { readConsolesOf, readDevices } from "./devices.ts";
import { readIdentity } from "./identity.ts";
import { importLoader } from "./loaders.ts";
import { readMemory, readProcessors } from "./processors.ts";
import { addLpc, addSlot, setVariable, type Tree } from "./tree.ts";

/** FreeBSD 10 to 15 and illumos; `b` and `g` are those of FreeBSD 12 and before, `I` was always ignored. */
const letters = "adehuwxACDHIMPSWYk:f:o:p:G:c:s:m:n:l:B:K:U:r:b:g:";

const flags: Readonly<Record<string, string>> = {
  ...{ a: "says how the interrupt controller works", x: "says how the interrupt controller works" },
  ...{ A: "a machine has ACPI where its firmware has", Y: "says which tables the firmware gives" },
  ...{ H: placement, P: placement, S: "says how the host keeps the guest's memory", p: placement, n: placement },
  ...{
    C: "says what becomes of a core dump of bhyve",
    D: control,
    M: control,
    d: control,
    e: control,
    G: control,
    b: control,
    g: control,
  },
  ...{
    w: "says what becomes of unknown MSRs",
    W: "says how virtio devices interrupt",
    I: "is ignored by bhyve",
  },
  ...{
    f: "a machine has no fw_cfg files",
    K: "a machine has no keyboard layout",
    B: "is illumos's word for SMBIOS fields, which is not read: write -U and -o system.manufacturer and the like",
  },
  r: "is about a saved state of a VM, which is no part of the machine",
};

/** A bhyve command line as a machine; a loader's or bhyvectl's says only what it says. */
export const importBhyve: Importer = (command: GivenCommand, sheet: ImportSheet): MachineOverrides => {
  if (command.program !== "bhyve" && /load|grub|ctl/.test(command.program)) return importLoader(command, sheet);
  const { options, rest, problem } = getopt(command.args, letters);
  if (problem !== undefined) sheet.refuse(`bhyve: ${problem}`);
  const tree: Tree = { variables: new Map(), slots: new Map(), lpc: new Map() };
  for (const { letter, value = "" } of options) {
    if (letter === "h") sheet.refuse("bhyve -h: bhyve tells its usage and ends");
    else if (letter === "s") addSlot(tree, value, sheet);
    else if (letter === "l") addLpc(tree, value, sheet);
    else if (letter === "o") setVariable(tree, value, `-o ${value}`, sheet);
    else if (letter === "k") readConfig(tree, value, command, sheet);
    else if (letter === "c" || letter === "m") tree.variables.set(`-${letter}`, value);
    else if (letter === "u") tree.variables.set("rtc.use_localtime", "false");
    else if (letter === "U") tree.variables.set("uuid", value);
    else sheet.drop(value === "" ? `-${letter}` : `-${letter} ${value}`, flags[letter] ?? placement);
  }
  const machine = machineOf(tree, rest, problem !== undefined || command.isElided, sheet);
  // With -M bhyve starts again by itself (FreeBSD 15).
  return options.some(({ letter }) => letter === "M")
    ? { ...machine, power: { ...machine.power, reset: "reset" } }
    : machine;
};

function readConfig(tree: Tree, file: string, { readText }: GivenCommand, sheet: ImportSheet): void {
  const text = readText(file);
  if (text === undefined) {
    sheet.drop(`-k ${file}`, "the file cannot be read here: what it says is missing");
    tree.variables.set("name", tree.variables.get("name") ?? "");
    return;
  }
  text.split("\n").forEach((line, index) => {
    if (line.trim() !== "" && !line.startsWith("#")) setVariable(tree, line, `${file}:${index + 1}: ${line}`, sheet);
  });
}

function machineOf(tree: Tree, rest: readonly string[], isPartial: boolean, sheet: ImportSheet): MachineOverrides {
  const named = tree.variables.get("name");
  const [name = named] = rest;
  if (!isPartial && (rest.length > 1 || name === undefined)) {
    sheet.refuse(
      rest.length > 1
        ? `bhyve: usage: one VM name is the last word, not ${rest.length} words: ${rest.slice(0, 4).join(" ")}`
        : "bhyve: usage: the VM's name is missing: it is the last word",
    );
  }
  const bootrom = tree.lpc.get("bootrom");
  const parts = readDevices(tree, sheet);
  return {
    ...(name === undefined || name === "" ? {} : { name }),
    ...(parts.arch === undefined ? {} : { arch: parts.arch }),
    boot: readBoot(bootrom, parts.arch, sheet),
    chipset: "auto",
    ...readIdentity(tree, sheet),
    rtc: readRtc(tree),
    processors: readProcessors(tree, sheet),
    memory: readMemory(tree, sheet),
    consoles: readConsolesOf(tree, sheet),
    disks: parts.disks,
    nics: parts.nics,
    filesystems: parts.filesystems,
    display: parts.display,
    ...(parts.rng ? { rng: true } : {}),
    // bhyve ends on every event and tells by its exit status which one it was (bhyve(8), EXIT STATUS).
    power: { reset: "exit:0", shutdown: "exit:1", crash: "exit:3" },
  };
}

/** The host's local time unless told otherwise (bhyve_config(5), "rtc.use_localtime"). */
function readRtc({ variables }: Tree): "utc" | "localtime" {
  return /^(false|off|no|0)$/i.test(variables.get("rtc.use_localtime") ?? "true") ? "utc" : "localtime";
}

function readBoot(
  bootrom: string | undefined,
  arch: "aarch64" | undefined,
  sheet: ImportSheet,
): NonNullable<MachineOverrides["boot"]> {
  if (bootrom === undefined) {
    sheet.drop(
      "(no -l bootrom)",
      "bhyveload or grub-bhyve loads the guest from its disk first: a BIOS does it elsewhere",
    );
    return arch === "aarch64" ? { kind: "uefi" } : { kind: "pcat" };
  }
  const [firmware = "", ...rest] = bootrom.split(",");
  const vars = rest.find((item) => !item.includes("="));
  for (const item of rest)
    if (item !== vars) sheet.drop(`-l bootrom: ${item}`, "says how the firmware learns of the machine");
  if (!isUefiFile(firmware)) return { kind: "pcat", firmware };
  return { kind: "uefi", firmware, ...(vars === undefined ? {} : { nvram: vars }) };
}
