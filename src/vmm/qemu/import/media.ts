import type { DiskInput } from "../../../machine/disk.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import type { Board } from "./arch.ts";
import { type BlockNodes, sourceOf } from "./block-nodes.ts";
import { type CommandLine, saidAs } from "./command-line.ts";
import { isOn, type Opts, readOpts } from "./opts.ts";

export type BusName = NonNullable<DiskInput["bus"]>;

/** One image that the command names, and the drive it is in if it says so itself. */
export interface Medium {
  readonly said: string;
  /** How a -device refers to it. */
  readonly id: string;
  readonly disk: Omit<DiskInput, "bus" | "slot">;
  /** `none` waits for a -device; `pflash` is firmware. */
  readonly place: "none" | "pflash" | { readonly bus: BusName; readonly slot: number };
  readonly unit?: number;
}

const interfaces: Readonly<Record<string, BusName | "none" | "pflash" | "other">> = {
  ...{ ide: "ide", scsi: "scsi", virtio: "virtio", floppy: "floppy", none: "none", pflash: "pflash" },
  ...{ sd: "other", mtd: "other", xen: "other", uml: "other" },
};

const notes: Readonly<Record<string, string>> = Object.fromEntries([
  ...[
    "cache",
    "aio",
    "cache.direct",
    "cache.writeback",
    "cache.no-flush",
    "discard",
    "detect-zeroes",
    "locking",
    "l2-cache-size",
  ].map((key) => [key, "says how the host reads and writes the image"] as const),
  ...["werror", "rerror", "copy-on-read"].map(
    (key) => [key, "says what the VMM does about the image's errors"] as const,
  ),
]);

export const imageReason = (key: string) =>
  notes[key] ?? (/^(throttling|bps|iops)/.test(key) ? "says how fast a disk may be" : undefined);

interface Shape {
  readonly said: string;
  readonly opts: Opts;
  readonly kind: string;
  readonly index?: number;
  readonly media?: string;
}

/** Every image of the command, in the order in which QEMU gives them their places. */
export function readMedia(line: CommandLine, board: Board, nodes: BlockNodes, sheet: ImportSheet): Medium[] {
  const isThrowAway = line.has("snapshot");
  const taken = new Map<string, string>();
  const ids = new Set<string>();
  const media: Medium[] = [];
  for (const shape of shapes(line, sheet)) {
    const medium = readShape(shape, { board, nodes, taken, ids, isThrowAway, count: media.length }, sheet);
    if (medium !== undefined) media.push(medium);
  }
  return media;
}

function* shapes(line: CommandLine, sheet: ImportSheet): Generator<Shape> {
  for (const image of line.images) yield { said: image, opts: plain(image), kind: "default", index: 0 };
  const words = ["hda", "hdb", "hdc", "hdd", "fda", "fdb", "cdrom", "pflash", "sd", "mtdblock", "drive"];
  for (const given of line.all(...words)) {
    const { name, value } = given;
    const said = saidAs(given);
    if (name === "drive") {
      const opts = readOpts("-drive", value);
      if (opts === undefined) sheet.refuse(`${said}: JSON is not accepted here`);
      else yield { said, opts, kind: opts.take("if") ?? "default", ...media(opts) };
    } else if (/^hd/.test(name)) yield { said, opts: plain(value), kind: "default", index: name.charCodeAt(2) - 97 };
    else if (/^fd/.test(name)) yield { said, opts: plain(value), kind: "floppy", index: name.charCodeAt(2) - 97 };
    else if (name === "cdrom") yield { said, opts: plain(value), kind: "default", index: 2, media: "cdrom" };
    else yield { said, opts: plain(value), kind: name === "mtdblock" ? "mtd" : name };
  }
}

function media(opts: Opts): Pick<Shape, "media"> {
  const text = opts.take("media");
  return text === undefined ? {} : { media: text };
}

function plain(file: string): Opts {
  const opts = readOpts("", `file=${file.replaceAll(",", ",,")}`);
  // A list with one key in it always reads.
  return opts as Opts;
}

interface Scene {
  readonly board: Board;
  readonly nodes: BlockNodes;
  readonly taken: Map<string, string>;
  readonly ids: Set<string>;
  readonly isThrowAway: boolean;
  readonly count: number;
}

function readShape({ said, opts, kind, index, media }: Shape, scene: Scene, sheet: ImportSheet): Medium | undefined {
  const { board, ids } = scene;
  const bus = kind === "default" ? board.diskBus : interfaces[kind];
  if (bus === undefined) return refuse(sheet, `${said}: unsupported bus type '${kind}'`);
  if (media !== undefined && media !== "disk" && media !== "cdrom")
    return refuse(sheet, `${said}: '${media}' invalid media`);
  const id = opts.take("id") ?? `${kind === "default" ? bus : kind}${scene.count}`;
  if (ids.has(id)) return refuse(sheet, `${said}: Duplicate ID '${id}' for drive`);
  ids.add(id);
  const unit = number(opts.take("unit"));
  const given = index ?? number(opts.take("index"));
  const busNumber = number(opts.take("bus"));
  const isOptical = media === "cdrom";
  const readOnly = isOn(opts.take("readonly", "read-only"));
  const isSnapshot = scene.isThrowAway || isOn(opts.take("snapshot"));
  const source = sourceOf(opts, scene.nodes, sheet);
  if (bus === "other") return leaveOut(sheet, said, "a machine has no SD card, MTD or Xen disk");
  const place = placeOf(
    bus === "ide" && board.chipset === "q35" ? "ahci" : bus,
    { given, unit, busNumber, said },
    scene,
    sheet,
  );
  if (source === undefined) return undefined;
  if (source.file === undefined) return leaveOut(sheet, said, source.reason);
  opts.dropRest(sheet, imageReason);
  const isHard = typeof place === "object" && (place.bus === "ide" || place.bus === "ahci") && !isOptical;
  if (isHard && readOnly && !isSnapshot) return refuse(sheet, `${said}: Can't use a read-only drive on IDE`);
  const disk = {
    file: source.file,
    ...(source.format === undefined ? {} : { format: source.format }),
    ...(isOptical
      ? { dvd: true }
      : { readOnly: readOnly || source.readOnly, persist: !(readOnly || source.readOnly || isSnapshot) }),
  };
  return { said, id, disk, place, ...(unit === undefined ? {} : { unit }) };
}

interface Position {
  readonly given: number | undefined;
  readonly unit: number | undefined;
  readonly busNumber: number | undefined;
  readonly said: string;
}

/** `index` counts all units of an interface; PC's IDE has two units a channel, AHCI one a port (hw/i386/pc.c). */
function placeOf(
  bus: BusName | "none" | "pflash" | "other",
  { given, unit, busNumber, said }: Position,
  scene: Scene,
  sheet: ImportSheet,
): Medium["place"] {
  if (bus === "none" || bus === "pflash" || bus === "other") return bus === "pflash" ? "pflash" : "none";
  const units = bus === "ide" ? 2 : 1;
  const explicit =
    given ?? (busNumber !== undefined || unit !== undefined ? (busNumber ?? 0) * units + (unit ?? 0) : undefined);
  let slot = explicit ?? 0;
  while (explicit === undefined && scene.taken.has(`${bus} ${slot}`)) slot++;
  const first = scene.taken.get(`${bus} ${slot}`);
  if (first !== undefined)
    sheet.refuse(
      `${said}: drive with bus=${Math.floor(slot / units)}, unit=${slot % units} (index=${slot}) exists: ${first}`,
    );
  scene.taken.set(`${bus} ${slot}`, said);
  return { bus, slot };
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : undefined;
}

function refuse(sheet: ImportSheet, problem: string): undefined {
  sheet.refuse(problem);
  return undefined;
}

function leaveOut(sheet: ImportSheet, said: string, reason: string): undefined {
  sheet.drop(said, reason);
  return undefined;
}
