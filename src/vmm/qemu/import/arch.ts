import type { Machine } from "../../../machine/machine.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import { isX86Machine } from "./known.ts";
import type { Opts } from "./opts.ts";

/** What the binary and -machine say of the kind of computer. */
export interface Board {
  readonly arch: Machine["arch"];
  readonly isX86: boolean;
  /** pc and q35 have a south bridge with a disk controller of their own. */
  readonly chipset: "pc" | "q35" | "microvm" | "auto";
  /** The bus of a disk that names none. */
  readonly diskBus: "ide" | "ahci" | "virtio" | "scsi";
  readonly hasDefaults: boolean;
}

const archOf: Readonly<Record<string, Machine["arch"]>> = { x86_64: "x86_64", i386: "x86_64", aarch64: "aarch64" };

function targetOf(program: string): string {
  if (/^qemu-system-x86(?!_)/.test(program)) return "x86_64";
  return /^qemu-system-([a-z0-9_]+)/.exec(program)?.[1] ?? "x86_64";
}

export function readBoard(program: string, machine: Opts | undefined, hasDefaults: boolean, sheet: ImportSheet): Board {
  const target = targetOf(program);
  const type = machine?.take("type");
  const arch = archOf[target];
  const isX86 = arch === "x86_64";
  if (target === "i386") sheet.drop(program, "a 32-bit processor: a machine's x86_64 can do more");
  if (arch === undefined) {
    sheet.drop(program, `a machine of Petri's is x86_64 or aarch64, not ${target}: the rest of the command is carried`);
  }
  if (type !== undefined && isX86 && !isX86Machine(type)) sheet.refuse(`-machine ${type}: unsupported machine type`);
  if (type !== undefined && !isX86 && isX86Machine(type) && type !== "none") {
    sheet.refuse(`-machine ${type}: unsupported machine type: ${program} is no PC`);
  }
  const chipset = chipsetOf(isX86, type ?? "pc");
  if (type !== undefined) tellType(type, isX86, sheet);
  const diskBus =
    chipset === "pc"
      ? "ide"
      : chipset === "q35"
        ? "ahci"
        : /^(pseries|spapr)/.test(type ?? target) || target === "ppc64"
          ? "scsi"
          : "virtio";
  return { arch: arch ?? "x86_64", isX86, chipset, diskBus, hasDefaults: hasDefaults && chipset !== "microvm" };
}

function chipsetOf(isX86: boolean, type: string): Board["chipset"] {
  if (!isX86) return "auto";
  if (/^(q35|pc-q35)/.test(type)) return "q35";
  return type === "microvm" ? "microvm" : "pc";
}

/** A version of a board, or a board that the machine has no word for. */
function tellType(type: string, isX86: boolean, sheet: ImportSheet): void {
  if (/^(pc|q35|microvm|virt)$/.test(type)) return;
  const isVersion = /^(pc|pc-i440fx|pc-q35|virt)-/.test(type);
  sheet.drop(
    `-machine ${type}`,
    isVersion
      ? "a machine has no version of its board: the VMM's newest is taken"
      : isX86
        ? "a machine's chipset is pc, q35 or microvm: pc is taken"
        : "a machine has no choice of boards for this architecture",
  );
}

const machineReasons: Readonly<Record<string, string>> = {
  accel: "says where the machine runs, not what it is",
  usb: "a machine has no such field: USB is there where a disk needs it",
  "dump-guest-core": "says what becomes of a core dump of QEMU",
};

export function dropMachineRest(machine: Opts | undefined, sheet: ImportSheet): void {
  machine?.dropRest(sheet, (key) => machineReasons[key]);
}
