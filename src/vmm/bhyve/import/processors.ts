import type { MachineInput } from "../../../machine/machine.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import type { Tree } from "./tree.ts";

type Processors = NonNullable<MachineInput["processors"]>;
type Memory = NonNullable<MachineInput["memory"]>;

const keys = ["cpus", "sockets", "cores", "threads"] as const;

/** `-c N`, `-c cpus=N,sockets=N,cores=N,threads=N`; the product must be the number of CPUs (bhyve(8), "-c"). */
export function readProcessors({ variables }: Tree, sheet: ImportSheet): Processors {
  const said = variables.get("-c") ?? "";
  const numbers = new Map<string, number>();
  const set = (key: string, text: string, option: string) => {
    if (!(keys as readonly string[]).includes(key) || !/^\d{1,4}$/.test(text) || Number(text) === 0) {
      if (!text.includes("$")) sheet.refuse(`bhyve: invalid cpu topology "${option}"`);
    } else numbers.set(key, Number(text));
  };
  for (const key of keys) {
    const text = variables.get(key);
    if (text !== undefined) set(key, text, `${key}=${text}`);
  }
  for (const item of said === "" ? [] : said.split(",")) {
    const equals = item.indexOf("=");
    set(equals < 0 ? "cpus" : item.slice(0, equals), equals < 0 ? item : item.slice(equals + 1), said);
  }
  const [cpus, sockets, cores, threads] = keys.map((key) => numbers.get(key));
  const product = (sockets ?? 1) * (cores ?? 1) * (threads ?? 1);
  const isTopology = [sockets, cores, threads].some((each) => each !== undefined);
  if (cpus !== undefined && isTopology && product !== cpus) {
    sheet.refuse(`bhyve: Topology (${sockets ?? 1}, ${cores ?? 1}, ${threads ?? 1}) does not match cpus (${cpus})`);
  }
  return { count: cpus ?? product, ...(isTopology ? { sockets, cores, threads } : {}) };
}

const units: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** 256M if absent; a number below 1,048,576 is of megabytes, else of bytes (lib/libvmmapi, vm_parse_memsize). */
export function readMemory({ variables }: Tree, sheet: ImportSheet): Memory {
  const text = variables.get("-m") ?? variables.get("memory.size") ?? "256M";
  const size = parseMemory(text);
  if (size === undefined && !text.includes("$")) sheet.refuse(`bhyve: invalid memsize '${text}'`);
  return { size: size ?? 256 * 2 ** 20 };
}

export function parseMemory(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d+)([kmgt]?)b?$/i.exec(text) ?? [];
  if (digits === undefined || Number(digits) === 0) return undefined;
  const factor = units[unit.toLowerCase()] ?? (Number(digits) < 2 ** 20 ? 2 ** 20 : 1);
  const size = Number(digits) * factor;
  return Number.isSafeInteger(size) ? size : undefined;
}
