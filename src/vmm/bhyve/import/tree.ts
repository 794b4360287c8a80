import type { ImportSheet } from "../../import/sheet.ts";
import { smbiosVariables } from "../smbios.ts";

/** bhyve's tree of configuration variables, as far as it matters here (bhyve_config(5)). */
export interface Tree {
  /** `-o`, `-k`, and `-c` and `-m` under their letters. */
  readonly variables: Map<string, string>;
  /** `BUS:SLOT:FUNCTION` to what is there. */
  readonly slots: Map<string, Slot>;
  /** com1 to com4, bootrom, tpm… with what follows the first comma. */
  readonly lpc: Map<string, string>;
}

export interface Slot {
  readonly said: string;
  readonly device: string;
  readonly conf: string;
}

const devices = new Set(
  `hostbridge amd_hostbridge virtio-9p virtio-blk virtio-console virtio-input virtio-net virtio-rnd virtio-scsi virtio-vsock
  virtio-balloon ahci ahci-cd ahci-hd e1000 fbuf hda lpc nvme passthru uart xhci virtio-net-viona virtio-viona ne2k dummy`.split(
    /\s+/,
  ),
);

/** `-s [bus:]slot[:function],emulation[,conf]`; bhyve's own checks (usr.sbin/bhyve/pci_emul.c, pci_parse_slot). */
export function addSlot(tree: Tree, text: string, sheet: ImportSheet): void {
  const said = `-s ${text}`;
  const [place = "", device, ...conf] = text.split(",");
  if (place === "help" && device === undefined) {
    sheet.refuse("bhyve -s help: bhyve tells its devices and ends");
    return;
  }
  const numbers = /^(?:(\d+):)?(\d+)(?::(\d+))?$/.exec(place);
  const [bus, slot, func] = placeOf(place);
  if (numbers === null || device === undefined || device === "" || bus > 255 || slot > 31 || func > 7) {
    if (!place.includes("$"))
      sheet.refuse(`Invalid PCI slot info field "${text}": a slot is 0 to 31, a function 0 to 7, a bus 0 to 255`);
    return;
  }
  const at = `${bus}:${slot}:${func}`;
  if (tree.slots.has(at)) sheet.refuse(`pci slot ${at} already occupied!`);
  else if (!devices.has(device) && !device.includes("$")) sheet.refuse(`pci slot ${at}: unknown device "${device}"`);
  else if (device === "lpc" && bus !== 0) sheet.refuse(`pci slot ${at}: the LPC bridge can only be on bus 0`);
  else tree.slots.set(at, { said, device, conf: conf.join(",") });
}

/** One number is a slot, two are a slot and a function, three have the bus before them. */
function placeOf(place: string): [bus: number, slot: number, func: number] {
  const [a = 0, b = 0, c] = place.split(":").map(Number);
  return c === undefined ? [0, a, b] : [a, b, c];
}

const lpcDevices = new Set(["com1", "com2", "com3", "com4", "bootrom", "pc-testdev", "tpm", "bootvars", "pctestdev"]);

export function addLpc(tree: Tree, text: string, sheet: ImportSheet): void {
  const comma = text.indexOf(",");
  const name = comma < 0 ? text : text.slice(0, comma);
  if (name === "help") sheet.refuse("bhyve -l help: bhyve tells its devices and ends");
  else if (!lpcDevices.has(name) && !name.includes("$"))
    sheet.refuse(`bhyve: invalid lpc device configuration '${text}'`);
  else if (name === "bootrom" && comma < 0)
    sheet.refuse("bhyve: invalid lpc device configuration 'bootrom': the image is missing");
  else tree.lpc.set(name, comma < 0 ? "" : text.slice(comma + 1));
}

/** `name=value`; later ones count, those of a PCI or LPC device join that device. */
export function setVariable(tree: Tree, text: string, said: string, sheet: ImportSheet): void {
  const equals = text.indexOf("=");
  if (equals <= 0) {
    sheet.refuse(`${said}: Invalid configuration variable: write name=value`);
    return;
  }
  const [name, value] = [text.slice(0, equals), text.slice(equals + 1)];
  const [, bus, slot, func, key] = /^pci\.(\d+)\.(\d+)\.(\d+)\.(.+)$/.exec(name) ?? [];
  const [, port] = /^lpc\.(com[1-4])\.path$/.exec(name) ?? [];
  if (key !== undefined) {
    const at = `${bus}:${slot}:${func}`;
    const before = tree.slots.get(at) ?? { said, device: "", conf: "" };
    if (key === "device") tree.slots.set(at, { ...before, device: value });
    else
      tree.slots.set(at, {
        ...before,
        conf: [before.conf, confOf(key, value)].filter((item) => item !== "").join(","),
      });
  } else if (port !== undefined) tree.lpc.set(port, value);
  else if (/^(lpc\.)?bootrom$/.test(name)) tree.lpc.set("bootrom", value);
  else if (/^(lpc\.)?bootvars$/.test(name)) tree.lpc.set("bootrom", `${tree.lpc.get("bootrom") ?? ""},${value}`);
  else if (/^(name|memory\.size|cpus|sockets|cores|threads|console|uuid|rtc\.use_localtime)$/.test(name))
    tree.variables.set(name, value);
  else if (smbiosVariables.some(([, variable]) => variable === name)) tree.variables.set(name, value);
  else sheet.drop(said, "a machine has no such variable");
}

/** The tree's names for what stands first in a -s. */
function confOf(key: string, value: string): string {
  if (/^(path|backend)$/.test(key)) return value;
  return `${key}=${value}`;
}
