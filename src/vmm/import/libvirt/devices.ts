import { type DiskBus, type DiskInput, diskFormats } from "../../../machine/disk.ts";
import type { MachineInput } from "../../../machine/machine.ts";
import type { MachineOverrides } from "../../../machine/merge.ts";
import type { NicInput } from "../../../machine/nic.ts";
import type { ImportSheet } from "../sheet.ts";
import { canonicalSlots, type PlacedDisk } from "../slots.ts";
import type { DomainNode } from "./node.ts";

type Part = Pick<
  MachineOverrides,
  "disks" | "nics" | "consoles" | "display" | "filesystems" | "rng" | "watchdog" | "vsock"
>;

/** formatdomain, "Devices". */
export function readDevices(domain: DomainNode, chipset: string, sheet: ImportSheet): Part {
  const devices = domain.child("devices");
  if (devices === undefined) return { consoles: { com1: "none" } };
  const watchdogs = devices.all("watchdog").map((node) => readWatchdog(node, sheet));
  const watchdog = watchdogs.find((each) => each !== undefined);
  const vsock = devices.child("vsock")?.child("cid")?.attribute("address");
  const rngs = devices.all("rng");
  for (const node of devices.all("rng", "panic", "emulator")) node.all("model", "backend");
  return {
    disks: readDisks(domain, devices, chipset, sheet),
    nics: devices.all("interface").map((node) => readNic(node, sheet)),
    consoles: readConsoles(devices, sheet),
    display: readDisplay(devices, sheet),
    filesystems: devices.all("filesystem").flatMap((node) => readFilesystem(node, sheet)),
    ...(rngs.length > 0 ? { rng: true } : {}),
    ...(watchdog === undefined ? {} : { watchdog }),
    ...(vsock === undefined && devices.child("vsock") === undefined
      ? {}
      : { vsock: { transport: "vhost", ...(vsock === undefined ? {} : { cid: Number(vsock) }) } }),
  };
}

const buses: Readonly<Record<string, DiskBus>> = {
  virtio: "virtio",
  scsi: "scsi",
  sata: "ahci",
  usb: "usb",
  fdc: "floppy",
  nvme: "nvme",
};

function readDisks(domain: DomainNode, devices: DomainNode, chipset: string, sheet: ImportSheet): DiskInput[] {
  const order = [...(domain.child("os")?.all("boot") ?? []).map((node) => node.attribute("dev") ?? "")];
  if (order.includes("network"))
    sheet.drop("<boot dev='network'>", "a machine boots disks and kernels, not from the network");
  const found = devices.all("disk").flatMap((node) => {
    const disk = readDisk(node, chipset, sheet);
    const said = Number(node.child("boot")?.attribute("order") ?? Number.NaN);
    const kind = disk?.dvd === true ? "cdrom" : disk?.bus === "floppy" ? "fd" : "hd";
    const letter = order.indexOf(kind);
    return disk === undefined
      ? []
      : [{ disk, rank: Number.isInteger(said) ? said : 1000 + (letter < 0 ? order.length : letter) }];
  });
  return canonicalSlots(found.sort((a, b) => a.rank - b.rank).map(({ disk }) => disk));
}

function readDisk(node: DomainNode, chipset: string, sheet: ImportSheet): PlacedDisk | undefined {
  const [device = "disk", type] = [node.attribute("device"), node.attribute("type")];
  const source = node.child("source");
  const file = source?.attribute("file") ?? source?.attribute("dev");
  const target = node.child("target");
  const bus =
    target?.attribute("bus") ??
    (device === "floppy" ? "fdc" : /^v/.test(target?.attribute("dev") ?? "") ? "virtio" : "ide");
  const place = bus === "ide" ? (chipset === "q35" ? "ahci" : "ide") : buses[bus];
  if (file === undefined) {
    sheet.drop(
      node.said,
      type === "file" || type === "block"
        ? "an empty drive: a machine's disk has an image"
        : `an image by ${type}: a machine's disk is a file of the host`,
    );
    return undefined;
  }
  if (place === undefined || device === "lun") {
    sheet.drop(`${node.said} ${file}`, `a machine has no disks on ${device === "lun" ? "a LUN of the host" : bus}`);
    return undefined;
  }
  const format = formatOf(node.child("driver")?.attribute("type"), file, sheet);
  const optical = device === "cdrom";
  const slot = slotOf(place, target?.attribute("dev"));
  const readOnly = node.child("readonly") !== undefined;
  const isTransient = node.child("transient") !== undefined;
  if (optical && !["ide", "ahci", "scsi", "usb"].includes(place))
    sheet.drop(`${file} on ${bus}`, "an optical drive of a machine is on ide, ahci, scsi or usb: scsi is taken");
  return {
    file,
    bus: optical && !["ide", "ahci", "scsi", "usb"].includes(place) ? "scsi" : place,
    ...(format === undefined ? {} : { format }),
    ...(slot === undefined ? {} : { slot }),
    ...(optical ? { dvd: true } : readOnly ? { readOnly } : isTransient ? {} : { persist: true }),
  };
}

/** hda, sdb, vdc: the letter is the place on the bus. */
function slotOf(bus: DiskBus, dev: string | undefined): number | undefined {
  const letters = /^(?:hd|sd|vd|xvd|fd|ubd)([a-z]+)$/.exec(dev ?? "")?.[1];
  if (letters === undefined || bus === "virtio" || bus === "usb" || bus === "nvme") return undefined;
  return [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 96, 0) - 1;
}

function formatOf(type: string | undefined, file: string, sheet: ImportSheet): DiskInput["format"] {
  const format = diskFormats.find((each) => each === (type === "vpc" ? "vhd" : type));
  if (type !== undefined && format === undefined)
    sheet.drop(
      `<driver type='${type}'> of ${file}`,
      "a machine's formats are raw, qcow2, vhd, vhdx and iso: convert the image",
    );
  return format;
}

function readNic(node: DomainNode, sheet: ImportSheet): NicInput {
  const [type, mac, model] = [
    node.attribute("type"),
    node.child("mac")?.attribute("address"),
    node.child("model")?.attribute("type"),
  ];
  const size = Number(/^virtio/.test(model ?? "") ? node.child("mtu")?.attribute("size") : Number.NaN);
  const mtu = Number.isInteger(size) ? { mtu: size } : {};
  const forward = node.all("portForward").flatMap((rule) => {
    const [protocol, address] = [rule.attribute("proto"), rule.attribute("address")];
    return rule.all("range").flatMap((range) => {
      const [start, to] = [range.attribute("start"), range.attribute("to") ?? range.attribute("start")];
      if (start === undefined || range.attribute("end") !== undefined)
        sheet.drop(range.said, "a machine's ports are named one by one");
      return start === undefined
        ? []
        : [
            {
              protocol: protocol === "udp" ? ("udp" as const) : ("tcp" as const),
              hostAddress: address ?? "0.0.0.0",
              hostPort: Number(start),
              guestPort: Number(to),
            },
          ];
    });
  });
  if (type !== "user") {
    const isWide = /^(network|bridge|direct|ethernet|vdpa|hostdev|vhostuser)$/.test(type ?? "");
    sheet.drop(
      node.said,
      isWide
        ? "a network of the host's: the card is put behind user-mode NAT"
        : "a network of other programs: the card is left unplugged",
    );
    node.all(
      "source",
      "backend",
      "target",
      "link",
      "virtualport",
      "bandwidth",
      "filterref",
      "vlan",
      "port",
      "guest",
      "ip",
      "script",
      "driver",
      "tune",
      "coalesce",
      "rom",
    );
    return {
      ...card(model, node, sheet),
      ...mtu,
      backend: isWide ? "user" : "none",
      ...(mac === undefined ? {} : { mac }),
    };
  }
  node.all("backend");
  return {
    ...card(model, node, sheet),
    ...mtu,
    backend: "user",
    ...(mac === undefined ? {} : { mac }),
    ...(forward.length === 0 ? {} : { forward }),
  };
}

function card(model: string | undefined, node: DomainNode, sheet: ImportSheet): Pick<NicInput, "model"> {
  if (model === undefined) return {};
  if (/^virtio/.test(model)) return { model: "virtio" };
  if (/^e1000/.test(model)) return { model: "e1000" };
  if (model === "rtl8139") return { model };
  if (/^ne2k/.test(model)) return { model: "ne2k" };
  sheet.drop(
    node.child("model")?.said ?? model,
    `a machine's cards are virtio, e1000, rtl8139 and ne2k, not ${model}: e1000 is taken`,
  );
  return { model: "e1000" };
}

/** <serial> lines are com1 to com4; a <console> is com1 again, or hvc0 where its target is virtio. */
function readConsoles(devices: DomainNode, sheet: ImportSheet): NonNullable<MachineInput["consoles"]> {
  const serials = devices.all("serial");
  const consoles = devices
    .all("console")
    .map((node) => ({ node, type: node.child("target")?.attribute("type") ?? "serial" }));
  const virtual = consoles.filter(({ type }) => type === "virtio");
  const plain = serials.length > 0 ? serials : consoles.filter(({ type }) => type === "serial").map(({ node }) => node);
  for (const { node, type } of consoles) {
    node.all("source", "alias", "protocol", "log");
    if (!/^(virtio|serial)$/.test(type)) sheet.drop(node.said, "a machine has serial ports and a virtio console");
  }
  for (const node of plain.slice(4)) sheet.drop(node.said, "a machine has four serial ports");
  for (const { node } of virtual.slice(1)) sheet.drop(node.said, "a machine has one virtio console, hvc0");
  const names = ["com1", "com2", "com3", "com4"] as const;
  return {
    com1: "none",
    ...Object.fromEntries(plain.slice(0, 4).map((node, index) => [names[index], readBackend(node, sheet)])),
    ...(virtual[0] === undefined ? {} : { hvc0: readBackend(virtual[0].node, sheet) }),
  };
}

function readBackend(node: DomainNode, sheet: ImportSheet): string {
  const [type, source] = [node.attribute("type"), node.child("source")];
  node.all("target", "protocol", "log");
  const [path, host, service, mode] = [
    source?.attribute("path"),
    source?.attribute("host"),
    source?.attribute("service"),
    source?.attribute("mode"),
  ];
  if (type === "stdio") return "console";
  if (type === "file" && path !== undefined) return `file=${path}`;
  if (type === "unix" && mode === "bind" && path !== undefined) return `listen=${path}`;
  if (type === "tcp" && mode === "bind" && /^[\d.]+$/.test(host ?? "") && service !== undefined)
    return `listen=tcp:${host}:${service}`;
  if (type !== "pty" && type !== "null" && type !== "nmdm")
    sheet.drop(node.said, "the line is captured: a machine's goes to the terminal, a file or a socket that listens");
  return "capture";
}

function readDisplay(devices: DomainNode, sheet: ImportSheet): NonNullable<MachineInput["display"]> {
  const graphics = devices.all("graphics");
  const videos = devices.all("video");
  const server = graphics.find((node) => node.attribute("type") === "vnc");
  for (const node of graphics) if (node !== server) sheet.drop(node.said, "a machine's display is a picture, or VNC");
  for (const node of videos) {
    const type = node.child("model")?.attribute("type") ?? "vga";
    if (!/^(vga|none|gop)$/.test(type))
      sheet.drop(`<video> ${type}`, "a machine has no choice of graphics cards: the VMM's usual one is taken");
  }
  const [port, listen] = [
    Number(server?.attribute("port") ?? "-1"),
    server?.attribute("listen") ?? server?.child("listen")?.attribute("address"),
  ];
  if (server !== undefined)
    return { vnc: { ...(port > 0 ? { port } : {}), ...(listen === undefined ? {} : { listen }) } };
  const hasCard = videos.some((node) => node.child("model")?.attribute("type") !== "none");
  return hasCard || graphics.length > 0 ? "headless" : "none";
}

function readFilesystem(node: DomainNode, sheet: ImportSheet): NonNullable<MachineInput["filesystems"]> {
  const [path, tag] = [node.child("source")?.attribute("dir"), node.child("target")?.attribute("dir")];
  const driver = node.child("driver")?.attribute("type");
  const readOnly = node.child("readonly") !== undefined;
  if (path !== undefined && tag !== undefined && driver !== "virtiofs") {
    const name = tag.replace(/^\//, "");
    return [{ kind: "9p", tag: name, path, ...(readOnly ? { readOnly } : {}) }];
  }
  sheet.drop(node.said, "a machine's folders are shared by 9p");
  return [];
}

function readWatchdog(node: DomainNode, sheet: ImportSheet): MachineInput["watchdog"] {
  const [model, action = "reset"] = [node.attribute("model"), node.attribute("action")];
  if (action !== "reset") sheet.drop(node.said, "what a watchdog does is said by power.watchdog: reset is taken");
  if (model === "i6300esb" || model === "ib700" || model === "itco") return model;
  sheet.drop(node.said, "a machine's watchdogs are i6300esb, ib700, itco and wdat");
  return undefined;
}
