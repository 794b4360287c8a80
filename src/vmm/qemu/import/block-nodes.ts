import type { DiskInput } from "../../../machine/disk.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import type { CommandLine } from "./command-line.ts";
import { formats, protocols } from "./known.ts";
import { isOn, type Opts, readOpts } from "./opts.ts";

/** Where the bytes of a disk are; without a file there is a reason. */
export type Source =
  | { readonly file: string; readonly format?: DiskInput["format"]; readonly readOnly: boolean }
  | { readonly file?: undefined; readonly reason: string };

/** -blockdev's nodes by name. */
export type BlockNodes = ReadonlyMap<string, Opts>;

const drivers: Readonly<Record<string, DiskInput["format"]>> = { raw: "raw", qcow2: "qcow2", vpc: "vhd", vhdx: "vhdx" };
const depth = 10;

export function readNodes(line: CommandLine, sheet: ImportSheet): BlockNodes {
  const nodes = new Map<string, Opts>();
  for (const { value } of line.all("blockdev")) {
    const opts = readOpts("-blockdev", value, "driver");
    const [driver, name] = [opts?.peek("driver"), opts?.peek("node-name")];
    if (opts === undefined || driver === undefined)
      sheet.refuse(`-blockdev ${value.slice(0, 60)}: Parameter 'driver' is missing`);
    else if (!protocols.has(driver) && !formats.has(driver)) sheet.refuse(`${opts.said}: Unknown driver '${driver}'`);
    else if (name === undefined) sheet.refuse(`${opts.said}: 'node-name' must be specified for the root node`);
    else if (nodes.has(name)) sheet.refuse(`${opts.said}: Duplicate nodes with node-name='${name}'`);
    else nodes.set(name, opts);
  }
  return nodes;
}

/** A node that a device uses, followed down to its file. */
export function sourceOfNode(name: string, nodes: BlockNodes, sheet: ImportSheet): Source | undefined {
  const node = nodes.get(name);
  return node && follow(node, nodes, sheet, 0);
}

/** The image of a -drive: `file=`, or a tree of dotted keys like a -blockdev's. */
export function sourceOf(opts: Opts, nodes: BlockNodes, sheet: ImportSheet): Source | undefined {
  const text = opts.take("file");
  const driver = opts.take("format", "driver");
  const below = opts.below("file");
  if (driver !== undefined && !formats.has(driver) && !protocols.has(driver) && !driver.includes("$")) {
    sheet.refuse(`${opts.said}: Unknown driver '${driver}'`);
    return undefined;
  }
  if (text === undefined && below === undefined) {
    const name = opts.take("filename");
    if (name !== undefined) return ofPath(name, driver, false, opts.said, sheet);
    return { reason: "an empty drive: a machine's disk has an image" };
  }
  if (text !== undefined)
    return nodes.has(text) ? sourceOfNode(text, nodes, sheet) : ofPath(text, driver, false, opts.said, sheet);
  const source = below && follow(below, nodes, sheet, 0, driver);
  return source;
}

function follow(node: Opts, nodes: BlockNodes, sheet: ImportSheet, level: number, above?: string): Source | undefined {
  const driver = node.peek("driver") ?? "file";
  const readOnly = isOn(node.peek("read-only"));
  if (protocols.has(driver)) {
    const path = node.peek("filename");
    if (path === undefined || !/^(file|host_device|host_cdrom|io_uring)$/.test(driver)) {
      return { reason: `an image by ${driver}: a machine's disk is a file of the host` };
    }
    return ofPath(path, above, readOnly, node.said, sheet);
  }
  const name = node.peek("file");
  const inner = name === undefined ? node.below("file") : nodes.get(name);
  if (inner === undefined || level > depth) {
    sheet.refuse(`${node.said}: Cannot find device='' nor node-name='${name ?? ""}'`);
    return undefined;
  }
  const isFilter = /^(copy-on-read|throttle|blkdebug|compress|preallocate)$/.test(driver);
  if (node.keys.some((key) => key === "backing" || key.startsWith("backing."))) {
    sheet.drop(`${node.said}: backing`, "the image names its own backing file");
  }
  const source = follow(inner, nodes, sheet, level + 1, isFilter ? above : driver);
  return source?.file === undefined ? source : { ...source, readOnly: source.readOnly || readOnly };
}

function ofPath(path: string, driver: string | undefined, readOnly: boolean, said: string, sheet: ImportSheet): Source {
  const scheme = /^([a-z][a-z0-9+_-]+):(?!\\)/.exec(path)?.[1];
  if (scheme === "file") return ofPath(path.replace(/^file:(\/\/(?=\/))?/, ""), driver, readOnly, said, sheet);
  if (scheme !== undefined && protocols.has(scheme.replace(/\+.*$/, ""))) {
    const what = scheme === "fat" || scheme === "vvfat" ? "a folder shown as a FAT disk" : `an image by ${scheme}`;
    return { reason: `${what}: a machine's disk is a file of the host` };
  }
  if (scheme === "json") return { reason: "an image in JSON: a machine's disk is a file of the host" };
  if (path === "" || path === "none") return { reason: "an empty drive: a machine's disk has an image" };
  const format = driver === undefined ? undefined : drivers[driver];
  if (driver !== undefined && format === undefined && formats.has(driver)) {
    sheet.drop(`${said}: format ${driver}`, "a machine's formats are raw, qcow2, vhd, vhdx and iso: convert the image");
  }
  return { file: path, readOnly, ...(format === undefined ? {} : { format }) };
}
