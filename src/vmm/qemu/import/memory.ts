import type { MachineInput } from "../../../machine/machine.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import type { CommandLine } from "./command-line.ts";
import { isOn, Opts, readBytes, readOpts } from "./opts.ts";

type Memory = NonNullable<MachineInput["memory"]>;

/** QEMU's default for a PC (hw/core/machine.c). */
const defaultSize = 128 * 2 ** 20;

export function readMemory(
  line: CommandLine,
  machine: Opts | undefined,
  objects: ReadonlyMap<string, Opts>,
  sheet: ImportSheet,
): Memory {
  const merged = Opts.merged(line.all("m").flatMap(({ value }) => readOpts("-m", value, "size") ?? []));
  const text = merged?.take("size");
  const size = text === undefined ? defaultSize : readBytes(text, "M");
  if (size === undefined && !(text ?? "").includes("$")) sheet.refuse(`-m ${text}: Parameter 'size' expects a size`);
  merged?.dropRest(sheet, () => "a machine has no memory to plug in later");
  const path = line.last("mem-path");
  const prealloc = line.has("mem-prealloc");
  const mem: Memory = { size: size ?? defaultSize, ...(prealloc ? { prefetch: true } : {}), ...backing(path) };
  const id = machine?.take("memory-backend");
  const backend = id === undefined ? undefined : objects.get(id);
  if (id !== undefined && backend === undefined)
    sheet.refuse(`-machine memory-backend=${id}: Memory backend '${id}' not found`);
  const shared = machine?.take("mem-share");
  return {
    ...mem,
    ...(shared === undefined ? {} : { shared: isOn(shared) }),
    ...(backend ? readBackend(backend, sheet) : {}),
  };
}

function backing(path: string | undefined): Memory {
  if (path === undefined) return {};
  return /hugepages|hugetlbfs/.test(path) ? { hugepages: true } : { file: path };
}

function readBackend(backend: Opts, sheet: ImportSheet): Memory {
  backend.take("qom-type", "id");
  const size = readBytes(backend.take("size") ?? "");
  const [share, prealloc, path] = [backend.take("share"), backend.take("prealloc"), backend.take("mem-path")];
  const [huge, hugeSize] = [backend.take("hugetlb"), readBytes(backend.take("hugetlbsize") ?? "")];
  const memfd = backend.peek("qom-type") === "memory-backend-memfd";
  backend.dropRest(sheet, () => "a machine does not say how the host keeps its memory beyond this");
  return {
    ...(size === undefined ? {} : { size }),
    // A memfd is shared unless it says otherwise (backends/hostmem-memfd.c).
    ...(share === undefined ? (memfd ? { shared: true } : {}) : { shared: isOn(share) }),
    ...(isOn(prealloc) ? { prefetch: true } : {}),
    ...backing(path),
    ...(isOn(huge) ? { hugepages: true, ...(hugeSize === undefined ? {} : { hugepageSize: hugeSize }) } : {}),
  };
}

/** Every -object by its id. */
export function readObjects(line: CommandLine, sheet: ImportSheet): Map<string, Opts> {
  const objects = new Map<string, Opts>();
  for (const { value } of line.all("object")) {
    const opts = readOpts("-object", value, "qom-type");
    if (opts === undefined) {
      sheet.refuse(`-object ${value.slice(0, 60)}: JSON parse error`);
      continue;
    }
    const [type, id] = [opts.peek("qom-type"), opts.peek("id")];
    if (type === undefined || id === undefined)
      sheet.refuse(`${opts.said}: Parameter '${type === undefined ? "qom-type" : "id"}' is missing`);
    else if (objects.has(id)) sheet.refuse(`-object id=${id}: attempt to add duplicate property '${id}' to object`);
    else objects.set(id, opts);
  }
  return objects;
}

const objectReasons: readonly (readonly [RegExp, string])[] = [
  [/^iothread|^main-loop|^throttle-group|^thread-context/, "says which thread or how fast a disk is served"],
  [/^rng-/, "says where the host's entropy comes from"],
  [/^secret|^tls-|^authz/, "is a secret or a permission of the VMM's"],
  [/^memory-backend/, "is memory that the machine has no field for"],
  [/^filter-|^colo/, "is about the network's packets"],
  [/^sev|^tdx|^s390-pv|^pef|^sgx/, "a machine has no confidential computing yet"],
];

export function dropObjects(objects: ReadonlyMap<string, Opts>, used: ReadonlySet<string>, sheet: ImportSheet): void {
  for (const [id, opts] of objects) {
    if (used.has(id)) continue;
    const type = opts.peek("qom-type") ?? "";
    sheet.drop(
      `-object ${type},id=${id}`,
      objectReasons.find(([pattern]) => pattern.test(type))?.[1] ?? "a machine has no field for it",
    );
  }
}
