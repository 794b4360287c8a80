import { parseArgs } from "node:util";
import { type WatchdogName, watchdogNames } from "./watchdogs.ts";

/** What the command line asks for: paths are not opened yet, sockets not connected. */
export interface Options {
  readonly control: string;
  /** Socket of each console, by name. */
  readonly consoles: Readonly<Partial<Record<LineName, string>>>;
  readonly memoryBytes: number;
  readonly multiboot?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly cmdline: string;
  readonly bios?: string;
  readonly vgaBios?: string;
  readonly hda?: string;
  readonly hdb?: string;
  readonly cdrom?: string;
  readonly fda?: string;
  readonly fdb?: string;
  readonly bootOrder: readonly BootDevice[];
  readonly nic: Nic;
  readonly watchdog?: WatchdogName;
}

export const lineNames = ["com1", "com2", "com3", "com4", "virtio-console"] as const;
export type LineName = (typeof lineNames)[number];

export const bootDevices = ["disk", "cdrom", "floppy"] as const;
export type BootDevice = (typeof bootDevices)[number];

export const nics = ["none", "ne2k", "virtio"] as const;
export type Nic = (typeof nics)[number];

const MIB = 1024 * 1024;
/** v86 keeps guest memory below 2 GiB of its own 32-bit address space. */
const MAX_MEMORY = 2032 * MIB;
export const DEFAULT_MEMORY = 64 * MIB;

const fileOptions = ["multiboot", "kernel", "initrd", "bios", "vga-bios", "hda", "hdb", "cdrom", "fda", "fdb"] as const;
export const valueOptions = [
  "control",
  ...lineNames,
  "memory",
  ...fileOptions,
  "cmdline",
  "boot-order",
  "nic",
  "watchdog",
] as const;
type ValueOption = (typeof valueOptions)[number];

/** Reads the command line; every problem is reported, not only the first. */
export function parseArgv(argv: readonly string[]): { options: Options } | { problems: string[] } {
  const problems: string[] = [];
  const values = collect(argv, problems);
  const value = (name: ValueOption) => values.get(name);

  const socket = (name: ValueOption): string | undefined => {
    const text = value(name);
    if (text === undefined) return undefined;
    if (text.startsWith("unix:") && text.length > "unix:".length) return text.slice("unix:".length);
    problems.push(`--${name} wants unix:PATH, not "${text}"`);
    return undefined;
  };

  const control = socket("control");
  if (!values.has("control")) problems.push("--control unix:PATH is missing");
  const consoles: Partial<Record<LineName, string>> = {};
  for (const name of lineNames) {
    const path = socket(name);
    if (path !== undefined) consoles[name] = path;
  }

  const memoryBytes = readMemory(value("memory"), problems);
  const bootOrder = readBootOrder(value("boot-order"), problems);
  const nic = value("nic") ?? "none";
  if (!isOneOf(nics, nic)) problems.push(`--nic wants one of ${nics.join(", ")}, not "${nic}"`);
  const watchdog = value("watchdog");
  const knownWatchdog = watchdogNames.find((name) => name === watchdog);
  if (watchdog !== undefined && !knownWatchdog) {
    problems.push(`--watchdog wants one of ${watchdogNames.join(", ")}, not "${watchdog}"`);
  }
  combinations(values, problems);

  if (problems.length > 0 || control === undefined || !isOneOf(nics, nic)) return { problems };
  const files = Object.fromEntries(
    fileOptions.flatMap((name) => (values.has(name) ? [[name === "vga-bios" ? "vgaBios" : name, value(name)]] : [])),
  );
  const given = { control, consoles, memoryBytes, cmdline: value("cmdline") ?? "", bootOrder, nic };
  return { options: { ...given, ...(knownWatchdog && { watchdog: knownWatchdog }), ...files } };
}

// parseArgs stops at the first mistake when strict; its tokens let us name them all.
function collect(argv: readonly string[], problems: string[]): Map<ValueOption, string> {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(valueOptions.map((name) => [name, { type: "string" as const }])),
  });
  const values = new Map<ValueOption, string>();
  for (const token of tokens) {
    if (token.kind === "positional") problems.push(`unexpected argument "${token.value}"`);
    if (token.kind !== "option") continue;
    // The VM always starts paused; the flag is accepted so that callers can say so.
    if (token.name === "paused" && token.value === undefined) continue;
    if (!isOneOf(valueOptions, token.name)) problems.push(`unknown option ${token.rawName}`);
    else if (token.value === undefined) problems.push(`--${token.name} wants a value`);
    else if (values.has(token.name)) problems.push(`--${token.name} is given twice`);
    else values.set(token.name, token.value);
  }
  return values;
}

function combinations(values: ReadonlyMap<ValueOption, string>, problems: string[]): void {
  const has = (name: ValueOption) => values.has(name);
  if (has("multiboot") && has("kernel")) problems.push("--multiboot and --kernel exclude each other");
  if (has("initrd") && !has("kernel") && !has("multiboot")) problems.push("--initrd needs --kernel or --multiboot");
  if (has("cmdline") && !has("kernel") && !has("multiboot")) problems.push("--cmdline needs --kernel or --multiboot");
  if (has("vga-bios") && !has("bios")) problems.push("--vga-bios needs --bios");
  if (has("bios") && values.get("watchdog") === "wdat") {
    problems.push("--watchdog wdat needs --multiboot or --kernel: a BIOS makes its own ACPI tables, without a WDAT");
  }
  if (has("hdb") && !has("hda")) problems.push("--hdb needs --hda: v86 has no second disk without a first");
  if (!has("multiboot") && !has("kernel") && !has("bios")) {
    problems.push("nothing to boot: give --multiboot, --kernel, or --bios with a disk");
  }
}

function readMemory(text: string | undefined, problems: string[]): number {
  if (text === undefined) return DEFAULT_MEMORY;
  const bytes = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (bytes >= MIB && bytes <= MAX_MEMORY && bytes % MIB === 0) return bytes;
  problems.push(`--memory wants bytes, a multiple of ${MIB} from ${MIB} to ${MAX_MEMORY}, not "${text}"`);
  return DEFAULT_MEMORY;
}

function readBootOrder(text: string | undefined, problems: string[]): BootDevice[] {
  if (text === undefined) return [...bootDevices];
  const names = text.split(",");
  const known = names.filter((name) => isOneOf(bootDevices, name));
  if (known.length === names.length && new Set(names).size === names.length) return known;
  problems.push(`--boot-order wants a list of ${bootDevices.join(", ")} without repeats, not "${text}"`);
  return [];
}

function isOneOf<const T extends string>(names: readonly T[], name: string): name is T {
  return (names as readonly string[]).includes(name);
}
