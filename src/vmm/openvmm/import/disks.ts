import type { DiskBus, DiskInput } from "../../../machine/disk.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import type { OpenvmmLine } from "./line.ts";

const wrappers = new Set(["memdiff", "sqldiff", "autocache", "crypt", "prwrap", "delay"]);
const known = new Set([
  "ro",
  "dvd",
  "on",
  "lun",
  "nsid",
  "pcie_port",
  "vtl2",
  "uh",
  "uh-nvme",
  "relay",
  "relay_target",
  "s",
  "p",
  "0",
  "1",
]);

/** Every disk; those of `--disk` are on the controller they name. */
export function readDisks(line: OpenvmmLine, sheet: ImportSheet): DiskInput[] {
  const controllers = readControllers(line, sheet);
  const places = { disk: "scsi", "virtio-blk": "virtio", ide: "ide", floppy: "floppy", nvme: "nvme" } as const;
  return line.all(...Object.keys(places)).flatMap(({ name, value, said }): DiskInput[] => {
    const bus = places[name as keyof typeof places];
    const disk = readDisk(value, bus, said, { controllers, isElided: line.isElided }, sheet);
    return disk === undefined ? [] : [disk];
  });
}

function readControllers(line: OpenvmmLine, sheet: ImportSheet): Map<string, DiskBus> {
  const controllers = new Map<string, DiskBus>();
  for (const { name, value, said } of line.all("vmbus-scsi", "nvme-pci", "openhcl-controller")) {
    const items = value.split(",");
    const id = items.flatMap((item) => /^id=(.+)$/.exec(item)?.[1] ?? [])[0];
    if (id === undefined) sheet.refuse(`error: invalid value '${value}' for '--${name}': id=NAME is missing`);
    else if (controllers.has(id)) sheet.refuse(`${said}: there is a controller '${id}' already`);
    else controllers.set(id, name === "nvme-pci" ? "nvme" : "scsi");
    for (const item of items) {
      if (!item.startsWith("id=") && name !== "openhcl-controller")
        sheet.drop(`--${name} ${item}`, "a machine leaves the place of its controllers to the VMM");
    }
  }
  return controllers;
}

interface Scene {
  readonly controllers: ReadonlyMap<string, DiskBus>;
  readonly isElided: boolean;
}

function readDisk(
  text: string,
  place: DiskBus,
  said: string,
  { controllers, isElided }: Scene,
  sheet: ImportSheet,
): DiskInput | undefined {
  const [source = "", ...items] = text.split(",");
  const flags = new Map(items.map((item) => [item.split("=")[0] ?? "", item.split("=").slice(1).join("=")]));
  for (const key of flags.keys()) {
    if (!known.has(key))
      sheet.refuse(`error: invalid value '${text}' for '${said.split(" ")[0]}': unknown option '${key}'`);
    else if (!["ro", "dvd", "on", "lun", "s", "p", "0", "1"].includes(key))
      sheet.drop(`${said}: ${key}`, "a machine leaves the place of its controllers to the VMM");
  }
  const on = flags.get("on");
  const bus = on === undefined ? place : controllers.get(on);
  if (bus === undefined) {
    if (!isElided) sheet.refuse(`${said}: there is no controller '${on}'`);
    return undefined;
  }
  const image = readSource(source, said, sheet);
  if (image === undefined) return undefined;
  const dvd = flags.has("dvd");
  const readOnly = flags.has("ro");
  const lun = Number(flags.get("lun") || Number.NaN);
  const device = flags.has("1") ? 1 : 0;
  const slot =
    place === "ide" && (flags.has("s") || flags.has("0") || flags.has("1"))
      ? (flags.has("s") ? 2 : 0) + device
      : Number.isInteger(lun)
        ? lun
        : undefined;
  return {
    file: image.file,
    bus,
    ...formatOf(image.file),
    ...(slot === undefined ? {} : { slot }),
    ...(dvd ? { dvd } : readOnly ? { readOnly } : image.isThrowAway ? {} : { persist: true }),
  };
}

function formatOf(file: string): Pick<DiskInput, "format"> {
  const extension = /\.(vhd|vhdx)$/i.exec(file)?.[1]?.toLowerCase();
  return extension === undefined ? {} : { format: extension as "vhd" | "vhdx" };
}

/** `KIND:ARG`, where some kinds wrap another; a path of Windows begins with a letter and a colon. */
function readSource(
  text: string,
  said: string,
  sheet: ImportSheet,
  isThrowAway = false,
): { file: string; isThrowAway: boolean } | undefined {
  const [, kind = "", rest = ""] = /^([a-z]{2,}):(.*)$/s.exec(text) ?? [];
  if (kind === "" || kind === "file") {
    const path = kind === "" ? text : rest;
    const [file = "", ...options] = path.split(";");
    for (const option of options) sheet.drop(`${said}: ;${option}`, "says how the host reads or makes the image");
    if (file === "") sheet.refuse(`${said}: the path is missing`);
    return file === "" ? undefined : { file, isThrowAway };
  }
  if (wrappers.has(kind)) {
    if (kind !== "memdiff")
      sheet.drop(`${said}: ${kind}:`, "is a layer over the image that a machine has no field for");
    const inner =
      kind === "crypt" || kind === "delay"
        ? rest
            .split(":")
            .slice(kind === "crypt" ? 2 : 1)
            .join(":")
        : rest;
    return readSource(inner, said, sheet, isThrowAway || kind === "memdiff");
  }
  if (/^(mem|sql|blob|null)$/.test(kind)) sheet.drop(said, "a machine's disk is a file of the host");
  else sheet.refuse(`${said}: unknown disk kind '${kind}'`);
  return undefined;
}
