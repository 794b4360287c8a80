import type { MachineInput } from "../../../machine/machine.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import { type CommandLine, saidAs } from "./command-line.ts";
import { type Devices, deviceReason } from "./devices.ts";
import { isOn, type Opts, readOpts } from "./opts.ts";

type Filesystem = NonNullable<MachineInput["filesystems"]>[number];

/** Folders shared by 9p; the pair of -fsdev and -device, or -virtfs, which is both. */
export function readFilesystems(line: CommandLine, devices: Devices, sheet: ImportSheet): Filesystem[] {
  const shares = new Map<string, Opts>();
  for (const given of line.all("fsdev")) {
    const opts = readOpts("-fsdev", given.value, "fsdriver");
    const id = opts?.take("id");
    if (opts === undefined || id === undefined) sheet.refuse(`${saidAs(given)}: fsdev: No id specified`);
    else if (shares.has(id)) sheet.refuse(`${saidAs(given)}: Duplicate ID '${id}' for fsdev`);
    else shares.set(id, opts);
  }
  const used = new Set<string>();
  const mounted = devices.take(/^virtio-9p$/).flatMap(({ opts }): Filesystem[] => {
    const [id, tag] = [opts.take("fsdev") ?? "", opts.take("mount_tag")];
    const share = shares.get(id);
    used.add(id);
    opts.dropRest(sheet, deviceReason);
    if (share === undefined) sheet.refuse(`${opts.said}: 9pfs device couldn't find fsdev with the id = ${id}`);
    else if (tag === undefined) sheet.refuse(`${opts.said}: fsdev with id ${id} needs a mount_tag`);
    return share === undefined || tag === undefined ? [] : share9p(share, tag, sheet);
  });
  for (const [id, opts] of shares) if (!used.has(id)) sheet.drop(`${opts.said},id=${id}`, "no -device uses it");
  const short = line.all("virtfs").flatMap((given): Filesystem[] => {
    const opts = readOpts("-virtfs", given.value, "fsdriver");
    const tag = opts?.take("mount_tag");
    opts?.take("id");
    if (opts !== undefined && tag !== undefined) return share9p(opts, tag, sheet);
    sheet.refuse(`${saidAs(given)}: Usage: -virtfs fsdriver,mount_tag=tag`);
    return [];
  });
  for (const { opts } of devices.take(/^vhost-user-fs$/)) sheet.drop(opts.said, "a machine's folders are shared by 9p");
  return [...mounted, ...short];
}

function share9p(opts: Opts, tag: string, sheet: ImportSheet): Filesystem[] {
  const [driver, path] = [opts.take("fsdriver"), opts.take("path")];
  const readOnly = isOn(opts.take("readonly"));
  opts.take("security_model", "multidevs");
  if (driver !== "local" || path === undefined) {
    sheet.drop(opts.said, "a machine shares a folder of the host");
    return [];
  }
  opts.dropRest(sheet, () => "says how the host keeps the folder's files");
  return [{ kind: "9p", tag, path, ...(readOnly ? { readOnly } : {}) }];
}

export function readVsock(devices: Devices, sheet: ImportSheet): MachineInput["vsock"] {
  const [first, ...more] = devices.take(/^vhost-vsock$/);
  for (const { opts } of more) sheet.drop(opts.said, "a machine has one vsock device");
  for (const { opts } of devices.take(/^vhost-user-vsock$/))
    sheet.drop(opts.said, "its other end is another program: Petri has one of its own, --virtio-vsock-path");
  if (first === undefined) return undefined;
  const cid = Number(first.opts.take("guest-cid") ?? Number.NaN);
  first.opts.dropRest(sheet, deviceReason);
  return Number.isInteger(cid) ? { cid, transport: "vhost" } : { transport: "vhost" };
}

export function readRng(devices: Devices, sheet: ImportSheet): { readonly rng?: true; readonly source?: string } {
  const [first, ...more] = devices.take(/^virtio-rng$/);
  for (const { opts } of more) sheet.drop(opts.said, "a machine has one entropy device");
  if (first === undefined) return {};
  const source = first.opts.take("rng");
  first.opts.dropRest(sheet, (key) => deviceReason(key) ?? "says how much entropy the guest may take");
  return { rng: true, ...(source === undefined ? {} : { source }) };
}
