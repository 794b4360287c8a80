import type { DiskInput } from "../../../machine/disk.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import { canonicalSlots, type PlacedDisk } from "../../import/slots.ts";
import { withSlots } from "../../slots.ts";
import type { Board } from "./arch.ts";
import type { BlockNodes } from "./block-nodes.ts";
import { sourceOfNode } from "./block-nodes.ts";
import type { CommandLine } from "./command-line.ts";
import { type Device, type Devices, deviceReason } from "./devices.ts";
import { type BusName, imageReason, type Medium } from "./media.ts";
import { Opts, readOpts } from "./opts.ts";

/** A disk in its place, with what decides when it is booted. */
interface Found {
  readonly disk: PlacedDisk;
  readonly bootIndex?: number;
}

const diskKinds =
  /^(virtio-blk|ide-(hd|cd|drive|cf)|scsi-(hd|cd|disk|block|generic)|nvme|nvme-ns|usb-(storage|uas|bot)|floppy)$/;

/** The disks of the machine, in the order in which firmware would try them. */
export function readDisks(
  line: CommandLine,
  board: Board,
  media: readonly Medium[],
  nodes: BlockNodes,
  devices: Devices,
  sheet: ImportSheet,
): DiskInput[] {
  const found: Found[] = media.flatMap(({ disk, place }) =>
    typeof place === "object" ? [{ disk: { ...disk, bus: place.bus, slot: place.slot } }] : [],
  );
  const used = new Map<string, string>();
  for (const device of devices.take(diskKinds)) {
    const attached = attach(device, { board, media, nodes, devices, used, found }, sheet);
    if (attached !== undefined) found.push(attached);
  }
  for (const { place, id, said } of media) {
    if (place === "none" && !used.has(id)) sheet.drop(said, "no -device uses it");
  }
  for (const name of nodes.keys()) {
    if (!used.has(name) && !referred(name, nodes)) sheet.drop(`-blockdev node-name=${name}`, "no -device uses it");
  }
  return canonicalSlots(inBootOrder(found, line, sheet)).map((disk) => withoutOpticalBus(disk, sheet));
}

function referred(name: string, nodes: BlockNodes): boolean {
  return [...nodes.values()].some((node) => node.peek("file") === name || node.peek("backing") === name);
}

/** Only some buses have optical drives in a machine; QEMU puts one on virtio where a board has nothing else. */
function withoutOpticalBus(disk: DiskInput, sheet: ImportSheet): DiskInput {
  if (disk.dvd !== true || disk.bus === undefined || !["virtio", "nvme", "floppy"].includes(disk.bus)) return disk;
  sheet.drop(
    `${disk.file} on ${disk.bus}`,
    "an optical drive of a machine is on ide, ahci, scsi or usb: scsi is taken",
  );
  const { slot: _, ...rest } = disk;
  return { ...rest, bus: "scsi" };
}

interface Scene {
  readonly board: Board;
  readonly media: readonly Medium[];
  readonly nodes: BlockNodes;
  readonly devices: Devices;
  readonly used: Map<string, string>;
  readonly found: readonly Found[];
}

function attach(device: Device, scene: Scene, sheet: ImportSheet): Found | undefined {
  const { opts, kind } = device;
  const bus = busOf(device, scene);
  const drive = opts.take("drive");
  if (kind === "usb-bot") {
    sheet.drop(opts.said, "the disks on it bring their controller");
    return undefined;
  }
  if (drive === undefined || drive === "") {
    // An NVMe controller may hold its disks as namespaces (docs/system/devices/nvme.rst).
    sheet.drop(
      opts.said,
      kind === "nvme" ? "a controller without a disk of its own" : "an empty drive: a machine's disk has an image",
    );
    return undefined;
  }
  const before = scene.used.get(drive);
  if (before !== undefined) {
    sheet.refuse(`${opts.said},drive=${drive}: Drive '${drive}' is already in use by another block device`);
    return undefined;
  }
  const medium = scene.media.find(({ id }) => id === drive);
  const isNode = scene.nodes.has(drive);
  if (medium === undefined && !isNode && !drive.includes("$")) {
    sheet.refuse(`${opts.said},drive=${drive}: Property '${kind}.drive' can't find value '${drive}'`);
    return undefined;
  }
  scene.used.set(drive, opts.said);
  const disk = medium?.disk ?? nodeDisk(drive, opts, scene, sheet);
  if (disk === undefined) return undefined;
  const slot = slotOf(device, bus, scene.board);
  const bootIndex = Number(opts.take("bootindex") ?? Number.NaN);
  const isOptical = /-cd$/.test(kind) || disk.dvd === true;
  opts.take("share-rw", "lun", "removable", "id");
  opts.dropRest(sheet, (key) => deviceReason(key) ?? imageReason(key));
  const { readOnly, persist, ...rest } = disk;
  const whole = isOptical
    ? { ...rest, dvd: true }
    : { ...rest, ...(readOnly ? { readOnly } : {}), ...(persist ? { persist } : {}) };
  if (readOnly && !isOptical && (bus === "ide" || bus === "ahci") && medium !== undefined) {
    sheet.refuse(`${opts.said}: Block node is read-only`);
  }
  return {
    disk: { ...whole, bus, ...(slot === undefined ? {} : { slot }) },
    ...(Number.isInteger(bootIndex) ? { bootIndex } : {}),
  };
}

function nodeDisk(name: string, opts: Opts, { nodes }: Scene, sheet: ImportSheet): Medium["disk"] | undefined {
  const source = sourceOfNode(name, nodes, sheet);
  if (source === undefined) return undefined;
  if (source.file === undefined) {
    sheet.drop(`${opts.said},drive=${name}`, source.reason);
    return undefined;
  }
  const { file, format, readOnly } = source;
  return { file, ...(format === undefined ? {} : { format }), readOnly, persist: !readOnly };
}

function busOf({ kind, opts }: Device, { board, devices }: Scene): BusName {
  if (kind === "virtio-blk") return "virtio";
  if (kind.startsWith("scsi")) return "scsi";
  if (kind.startsWith("nvme")) return "nvme";
  if (kind.startsWith("usb")) return "usb";
  if (kind === "floppy") return "floppy";
  const controller = opts.peek("bus")?.replace(/\.\d+$/, "");
  if (controller !== undefined && controller !== "ide") {
    const driver = devices.find(controller)?.driver ?? "ahci";
    return /ahci/.test(driver) ? "ahci" : "ide";
  }
  return board.chipset === "pc" ? "ide" : "ahci";
}

/** Where the device says it is; a machine's virtio and NVMe disks have an order only. */
function slotOf({ opts }: Device, bus: BusName, board: Board): number | undefined {
  const place = opts.take("bus");
  const channel = Number(/\.(\d+)$/.exec(place ?? "")?.[1] ?? Number.NaN);
  const unit = Number(opts.take("unit") ?? Number.NaN);
  switch (bus) {
    case "ide":
      return Number.isInteger(channel) ? channel * 2 + (Number.isInteger(unit) ? unit : 0) : undefined;
    case "ahci":
      return Number.isInteger(channel) && (board.chipset !== "pc" || place !== undefined) ? channel : undefined;
    case "scsi": {
      const id = Number(opts.take("scsi-id") ?? Number.NaN);
      const lun = Number(opts.take("lun") ?? Number.NaN);
      return Number.isInteger(id) && id > 0
        ? id
        : Number.isInteger(lun) && lun > 0
          ? lun
          : Number.isInteger(id)
            ? id
            : undefined;
    }
    case "usb": {
      const port = Number(opts.take("port") ?? Number.NaN);
      return Number.isInteger(port) && port > 0 ? port - 1 : undefined;
    }
    case "floppy":
      return Number.isInteger(unit) ? unit : undefined;
    default:
      return undefined;
  }
}

/** `bootindex` goes first; then -boot's letters decide, SeaBIOS's own order being hard disk, floppy, optical disc. */
function inBootOrder(found: readonly Found[], line: CommandLine, sheet: ImportSheet): PlacedDisk[] {
  const order = `${bootLetters(line, sheet)}cad`;
  const letter = ({ disk }: Found) => (disk.dvd === true ? "d" : disk.bus === "floppy" ? "a" : "c");
  const rank = (each: Found) =>
    each.bootIndex === undefined ? 1_000_000 + order.indexOf(letter(each)) : each.bootIndex;
  const slots = withSlots(found.map(({ disk }) => disk));
  return found
    .map((each, index) => ({ ...each, disk: slots[index] ?? each.disk }))
    .sort((a, b) => rank(a) - rank(b))
    .map(({ disk }) => disk);
}

function bootLetters(line: CommandLine, sheet: ImportSheet): string {
  const boot = Opts.merged(line.all("boot").flatMap(({ value }) => readOpts("-boot", value, "order") ?? []));
  const [order, once] = [boot?.take("order"), boot?.take("once")];
  for (const text of [order, once]) {
    const bad = /[^a-p]/.exec(text ?? "")?.[0];
    if (bad !== undefined && !(text ?? "").includes("$")) sheet.refuse(`-boot ${text}: Invalid boot device '${bad}'`);
    const twice = [...(text ?? "")].find((each, index, all) => all.indexOf(each) !== index);
    if (twice !== undefined) sheet.refuse(`-boot ${text}: Boot device '${twice}' was given twice`);
  }
  if (/[n-p]/.test(`${order ?? ""}${once ?? ""}`))
    sheet.drop(`-boot ${once ?? order}`, "a machine boots disks and kernels, not from the network");
  if (once !== undefined && order !== undefined && once !== order)
    sheet.drop(`-boot order=${order}`, "a machine has one order: that of the first boot is taken");
  boot?.dropRest(sheet, () => "says how the firmware asks or waits");
  return (once ?? order ?? "").replace(/[^acd]/g, "");
}
