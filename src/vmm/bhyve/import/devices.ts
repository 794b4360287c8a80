import type { DiskInput } from "../../../machine/disk.ts";
import type { MachineInput } from "../../../machine/machine.ts";
import type { NicInput } from "../../../machine/nic.ts";
import { type Forward, readForward } from "../../import/forward.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import { readVncPlace } from "../../import/vnc-place.ts";
import type { Slot, Tree } from "./tree.ts";

type Filesystem = NonNullable<MachineInput["filesystems"]>[number];

interface Parts {
  readonly disks: DiskInput[];
  readonly nics: NicInput[];
  readonly filesystems: Filesystem[];
  display: NonNullable<MachineInput["display"]>;
  rng: boolean;
  arch?: "aarch64";
}

/** What is in the PCI slots, in the order in which the guest finds it. */
export function readDevices(tree: Tree, sheet: ImportSheet): Parts {
  const parts: Parts = { disks: [], nics: [], filesystems: [], display: "none", rng: false };
  // Only arm64's bhyve has its console outside of the LPC bridge.
  if (tree.variables.has("console")) parts.arch = "aarch64";
  const order = (at: string) => at.split(":").reduce((sum, part) => sum * 256 + Number(part), 0);
  const slots = [...tree.slots].sort(([a], [b]) => order(a) - order(b));
  for (const [, slot] of slots) place(slot, parts, sheet);
  return parts;
}

const reasons: Readonly<Record<string, string>> = {
  xhci: "a machine has no input devices of its own",
  "virtio-input": "a machine has no input devices of its own",
  hda: "a machine has no sound",
  passthru: "a device of the host cannot travel to another VMM",
  "virtio-scsi": "a machine's disk is a file of the host, not a target of ctl(4)",
  "virtio-console": "a machine's hvc0 is a console; these are ports on sockets",
  uart: "a machine has com1 to com4 and hvc0",
};

function place({ device, conf, said }: Slot, parts: Parts, sheet: ImportSheet): void {
  switch (device) {
    case "hostbridge":
    case "amd_hostbridge":
    case "lpc":
      return;
    case "virtio-blk":
    case "nvme":
    case "ahci-hd":
    case "ahci-cd":
      addDisk(device, conf, said, parts, sheet);
      return;
    case "ahci":
      for (const [, kind = "hd", rest = ""] of conf.matchAll(/(?:^|,)(hd|cd):(.*?)(?=,(?:hd|cd):|$)/g)) {
        addDisk(`ahci-${kind}`, rest, said, parts, sheet);
      }
      return;
    case "virtio-net":
    case "e1000":
    case "ne2k":
      addNic(device, conf, said, parts, sheet);
      return;
    case "virtio-rnd":
      parts.rng = true;
      return;
    case "virtio-9p":
      addFilesystem(conf, said, parts, sheet);
      return;
    case "fbuf":
      parts.display = readDisplay(conf, said, sheet);
      return;
    default:
      sheet.drop(said, reasons[device] ?? "a machine has no such device");
  }
}

const buses = { "virtio-blk": "virtio", nvme: "nvme" } as const;

function addDisk(device: string, conf: string, said: string, parts: Parts, sheet: ImportSheet): void {
  const [file = "", ...options] = conf.split(",");
  if (file === "" || /^ram=/.test(file)) {
    sheet.drop(said, "an empty drive: a machine's disk has an image");
    return;
  }
  const isOptical = device === "ahci-cd";
  const readOnly = options.includes("ro");
  for (const option of options)
    if (option !== "ro")
      sheet.drop(`${said}: ${option}`, "says how the host reads the image, or how the disk is called");
  const bus = buses[device as keyof typeof buses] ?? "ahci";
  parts.disks.push({ file, bus, ...(isOptical ? { dvd: true } : readOnly ? { readOnly } : { persist: true }) });
}

function addNic(device: string, conf: string, said: string, parts: Parts, sheet: ImportSheet): void {
  const [backend = "", ...options] = conf.split(",");
  const nic: NicInput = {
    model: device === "virtio-net" ? "virtio" : device === "e1000" ? "e1000" : "ne2k",
    backend: "user",
  };
  const forward: Forward[] = [];
  for (const option of options) {
    const [, key, value = ""] = /^([\w-]+)=(.*)$/.exec(option) ?? [];
    if (key === "mac") nic.mac = value;
    else if (key === "mtu" && nic.model === "virtio" && /^\d{1,5}$/.test(value)) nic.mtu = Number(value);
    else if (key === "hostfwd") forward.push(...value.split(";").flatMap((text) => readForward(text, said, sheet)));
    else sheet.drop(`${said}: ${option}`, "a machine's card has a model and an address");
  }
  if (backend === "") nic.backend = "none";
  else if (backend !== "slirp")
    sheet.drop(`${said}: ${backend}`, "a network of the host's: the card is put behind user-mode NAT");
  parts.nics.push(forward.length === 0 ? nic : { ...nic, forward });
}

function addFilesystem(conf: string, said: string, parts: Parts, sheet: ImportSheet): void {
  const [share = "", ...options] = conf.split(",");
  const [, tag, path] = /^([^=]+)=(.+)$/.exec(share) ?? [];
  if (tag === undefined || path === undefined) {
    sheet.refuse(`${said}: virtio-9p: Share name not found: write NAME=/path`);
    return;
  }
  parts.filesystems.push({ kind: "9p", tag, path, ...(options.includes("ro") ? { readOnly: true } : {}) });
}

function readDisplay(conf: string, said: string, sheet: ImportSheet): Parts["display"] {
  const vnc: { listen?: string; port?: number } = {};
  for (const option of conf === "" ? [] : conf.split(",")) {
    const [, key, value = ""] = /^(tcp|rfb)=(.*)$/.exec(option) ?? [];
    if (key === undefined) sheet.drop(`${said}: ${option}`, "a machine's VNC server has an address and a port");
    else if (readVncPlace(value) === undefined)
      sheet.drop(`${said}: ${option}`, "is no IP address and port: 127.0.0.1:5900 is taken");
    else Object.assign(vnc, readVncPlace(value));
  }
  return { vnc };
}

/** com1 to com4 behind the LPC bridge, or arm64's one console. */
export function readConsolesOf({ lpc, variables }: Tree, sheet: ImportSheet): NonNullable<MachineInput["consoles"]> {
  const backend = (text: string, said: string): string => {
    const [, address, port] = /^tcp=(.+):(\d{1,5})$/.exec(text) ?? [];
    if (text === "stdio") return "console";
    if (address !== undefined) return `listen=tcp:${address}:${port}`;
    if (!/^\/dev\/nmdm/.test(text))
      sheet.drop(said, "the line is captured: a machine's goes to the terminal, a file or a socket that listens");
    return "capture";
  };
  const arm = variables.get("console");
  const said = Object.fromEntries(
    (["com1", "com2", "com3", "com4"] as const).flatMap((name) => {
      const text = lpc.get(name);
      return text === undefined ? [] : [[name, backend(text, `-l ${name},${text}`)]];
    }),
  );
  for (const name of ["pc-testdev", "pctestdev", "tpm"]) {
    if (lpc.has(name))
      sheet.drop(`-l ${name}`, name === "tpm" ? "a machine's TPM is not carried yet" : "a machine has no such device");
  }
  return { com1: arm === undefined ? "none" : backend(arm, `-o console=${arm}`), ...said };
}
