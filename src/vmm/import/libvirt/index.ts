import { actionSchema } from "../../../machine/machine.ts";
import type { MachineOverrides } from "../../../machine/merge.ts";
import type { GivenCommand, Importer, ImportSheet } from "../sheet.ts";
import { noAxis } from "../sheet.ts";
import { readClock } from "./clock.ts";
import { readDevices } from "./devices.ts";
import { readBoot, readMemory, readProcessors } from "./domain.ts";
import { readIdentity } from "./identity.ts";
import { DomainNode } from "./node.ts";
import { parseXml } from "./xml.ts";

/** virsh's commands that take a domain's XML. */
const defining = ["define", "create"];

/** A libvirt domain as a machine (formatdomain): the XML itself, or the file that virsh is given. */
export const importLibvirt: Importer = (command: GivenCommand, sheet: ImportSheet): MachineOverrides => {
  const text = textOf(command, sheet);
  if (text === undefined) return { boot: { kind: "pcat" } };
  const domain = parse(text, sheet);
  if (domain === undefined) return { boot: { kind: "pcat" } };
  const type = domain.attribute("type");
  if (type !== undefined) sheet.drop(`<domain type='${type}'>`, "says what runs the machine, not what it is");
  const os = domain.child("os");
  const target = os?.child("type")?.attribute("arch") ?? "x86_64";
  const arch = target === "aarch64" ? "aarch64" : "x86_64";
  if (!/^(x86_64|i686|aarch64)$/.test(target)) {
    sheet.drop(
      `<type arch='${target}'>`,
      `a machine of Petri's is x86_64 or aarch64, not ${target}: the rest of the domain is carried`,
    );
  }
  const chipset = chipsetOf(os?.child("type")?.attribute("machine"), arch);
  const name = domain.textOf("name");
  const boot = readBoot(domain, arch, sheet);
  const machine: MachineOverrides = {
    ...(name === undefined ? {} : { name }),
    ...{ arch, chipset, boot },
    ...readIdentity(domain, sheet),
    ...readClock(domain, sheet),
    processors: readProcessors(domain, sheet),
    memory: readMemory(domain, sheet),
    power: readPower(domain, sheet),
    ...readDevices(domain, chipset, sheet),
  };
  domain.dropRest(sheet, (path) => reasons.find(([pattern]) => pattern.test(path))?.[1] ?? noAxis);
  return machine;
};

const reasons: readonly (readonly [RegExp, string])[] = [
  [
    /^(genid|title|description|metadata|sysinfo|idmap|resource|seclabel|keywrap)/,
    "is libvirt's own knowledge of the domain",
  ],
  [
    /^(cputune|numatune|blkiotune|memtune|iothreads|iothreadids|currentMemory|perf)/,
    "says how the host serves the machine",
  ],
  [/controller/, "a machine's disks and consoles bring their controllers"],
  [/input|sound|audio|redirdev|smartcard|hub/, "a machine has no such device"],
  [/memballoon/, "a machine's memory is of one size"],
  [/emulator/, "says which program runs the machine"],
  [/address|alias/, "where it sits on its bus is the VMM's choice"],
];

function textOf({ args, readText }: GivenCommand, sheet: ImportSheet): string | undefined {
  const [first = "", ...rest] = args;
  if (first.trimStart().startsWith("<")) return first;
  const words = [first, ...rest].filter((word) => !word.startsWith("-"));
  const file = defining.includes(words[0] ?? "") ? words[1] : words[0]?.endsWith(".xml") ? words[0] : undefined;
  if (file === undefined) {
    sheet.refuse(
      `virsh ${words[0] ?? ""}: is another command: a machine is in the XML of virsh define and virsh create`,
    );
    return undefined;
  }
  const text = readText(file);
  if (text === undefined) sheet.refuse(`${file}: the domain's XML cannot be read`);
  return text;
}

function parse(text: string, sheet: ImportSheet): DomainNode | undefined {
  try {
    const root = parseXml(text);
    if (root.name === "domain") return new DomainNode(root);
    const inner = root.children.find(({ name }) => name === "domain");
    if (inner !== undefined) return new DomainNode(inner);
    sheet.refuse(`XML error: the root element is <${root.name}>, not <domain>`);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    sheet.refuse(`XML error: ${error.message}`);
  }
  return undefined;
}

function chipsetOf(machine: string | undefined, arch: string): "pc" | "q35" | "microvm" | "auto" {
  if (arch === "aarch64") return "auto";
  if (/q35/.test(machine ?? "")) return "q35";
  return machine === "microvm" ? "microvm" : machine === undefined || /^pc/.test(machine) ? "pc" : "auto";
}

/** `destroy` ends the VM, `restart` resets it, `preserve` keeps it to be looked at. */
function readPower(domain: DomainNode, sheet: ImportSheet): NonNullable<MachineOverrides["power"]> {
  const words: Readonly<Record<string, string>> = {
    destroy: "exit",
    restart: "reset",
    preserve: "halt",
    "rename-restart": "reset",
    "coredump-destroy": "exit",
    "coredump-restart": "reset",
  };
  const action = (element: string, usual: string) => {
    const text = domain.textOf(element);
    const word = text === undefined ? usual : words[text];
    if (word === undefined) sheet.refuse(`XML error: unknown ${element} action: ${text}`);
    return actionSchema.parse(word ?? "exit");
  };
  return {
    shutdown: action("on_poweroff", "exit"),
    reset: action("on_reboot", "reset"),
    crash: action("on_crash", "exit"),
  };
}
