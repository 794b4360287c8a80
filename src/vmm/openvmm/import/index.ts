import { actionSchema } from "../../../machine/machine.ts";
import type { MachineOverrides } from "../../../machine/merge.ts";
import { nearest } from "../../../machine/nearest.ts";
import { notCarriedOptions } from "../../../machine/options/not-carried.ts";
import { machineOptions, splitArgv } from "../../../machine/options.ts";
import { showWord } from "../../../machine/problem.ts";
import { type GivenCommand, type Importer, type ImportSheet, placement } from "../../import/sheet.ts";
import { readConsoles } from "./consoles.ts";
import { readFilesystems, readNics } from "./devices.ts";
import { readDisks } from "./disks.ts";
import { OpenvmmLine } from "./line.ts";
import { readMemory, readProcessors } from "./memory.ts";
import { checkPcie } from "./pcie.ts";

const own = new Map([
  ...machineOptions
    .filter(({ origin }) => origin === "openvmm")
    .map(({ name, value }) => [name, value !== undefined] as const),
  ...Object.entries(notCarriedOptions).map(([name, { value }]) => [name, value !== undefined] as const),
]);

/** Those of OpenVMM's that Petri's own command line does not carry, and that have a meaning in a machine. */
const read = new Set([
  "numa",
  "vmbus-com1-serial",
  "vmbus-com2-serial",
  "vmbus-vsock-path",
  "vsock-path",
  "mana",
  "nvme",
  "halt-on-reset",
]);

/** An OpenVMM command line as a machine. What a disk's guest writes stays, as it does there, unless `memdiff:` says not. */
export const importOpenvmm: Importer = ({ args, isElided }: GivenCommand, sheet: ImportSheet): MachineOverrides => {
  const given = splitArgv(args);
  for (const [name, value] of given) checkOption(name, value, isElided, sheet);
  // What lacks its value is refused already.
  const line = new OpenvmmLine(
    given.filter(([name, value]) => own.get(name) !== true || value !== undefined),
    isElided,
  );
  checkCombinations(line, sheet);
  checkPcie(line, sheet);
  for (const { name, said } of line.all(...Object.keys(notCarriedOptions))) {
    if (!read.has(name)) sheet.drop(said, `${notCarriedOptions[name]?.what ?? name}: not carried by a machine yet`);
  }
  for (const { said } of line.all("hypervisor", "paused", "pidfile")) sheet.drop(said, placement);
  const vsock = line.last("virtio-vsock-path", "vmbus-vsock-path", "vsock-path");
  const cid = Number(line.last("virtio-vsock-vhost-cid") ?? Number.NaN);
  for (const { said } of line.all("vmbus-vsock-path", "vsock-path"))
    sheet.drop(said, "a machine's vsock is virtio's, not VMBus's");
  return {
    boot: readBoot(line, sheet),
    // Only an Arm guest has these.
    ...(line.has("device-tree", "smmu") ? { arch: "aarch64" as const } : {}),
    processors: readProcessors(line, sheet),
    memory: readMemory(line, sheet),
    disks: readDisks(line, sheet),
    nics: readNics(line, sheet),
    filesystems: readFilesystems(line, sheet),
    consoles: readConsoles(line, sheet),
    power: readPower(line, sheet),
    ...(line.has("gfx") ? { display: readDisplay(line, sheet) } : {}),
    ...(line.has("virtio-rng") ? { rng: true } : {}),
    ...(line.has("guest-watchdog") ? { watchdog: "any" as const } : {}),
    ...(vsock === undefined ? {} : { vsock: { path: vsock } }),
    ...(Number.isInteger(cid) ? { vsock: { cid, transport: "vhost" as const } } : {}),
  };
};

function checkOption(name: string, value: string | undefined, isElided: boolean, sheet: ImportSheet): void {
  const shown = name === "" ? showWord(value ?? "") : name.startsWith("-") ? name : `--${name}`;
  const takesValue = own.get(name);
  if (name === "help" || name === "version" || name === "-h" || name === "-V")
    sheet.refuse(`${shown}: OpenVMM tells something and ends`);
  else if (takesValue === undefined) {
    const close = name === "" ? undefined : nearest(name, [...own.keys()]);
    sheet.refuse(
      `error: unexpected argument '${shown}' found${close === undefined ? "" : `; a similar argument exists: '--${close}'`}`,
    );
  } else if (takesValue && value === undefined && !isElided)
    sheet.refuse(`error: a value is required for '--${name}' but none was supplied`);
  else if (!takesValue && value !== undefined) sheet.refuse(`error: unexpected value '${value}' for '--${name}'`);
}

/** What clap and OpenVMM refuse together (cli_args.rs and the CLI page). */
function checkCombinations(line: OpenvmmLine, sheet: ImportSheet): void {
  const exclusive: readonly (readonly [string, string])[] = [
    ["uefi", "pcat"],
    ["uefi", "igvm"],
    ["numa", "memory"],
    ["virtio-vsock-path", "virtio-vsock-vhost-cid"],
    ["no-vmbus", "pcat"],
    ["no-vmbus", "vtl2"],
    ["no-vmbus", "vmbus-com1-serial"],
    ["no-vmbus", "vmbus-com2-serial"],
    ["memory-backing-file", "restore-snapshot"],
  ];
  for (const [a, b] of exclusive) {
    if (line.has(a) && line.has(b)) sheet.refuse(`error: the argument '--${a}' cannot be used with '--${b}'`);
  }
  const needs: readonly (readonly [string, string])[] = [
    ["guest-watchdog-action", "guest-watchdog"],
    ["disable-frontpage", "uefi"],
    ["ide", "pcat"],
    ["virtio-console-pcie-port", "virtio-console"],
    ["virtio-rng-pcie-port", "virtio-rng"],
  ];
  for (const [a, b] of needs) {
    if (line.has(a) && !line.has(b) && !line.isElided) sheet.refuse(`error: '--${a}' needs '--${b}'`);
  }
}

function readBoot(line: OpenvmmLine, sheet: ImportSheet): NonNullable<MachineOverrides["boot"]> {
  const [kernel, initrd] = [line.last("kernel"), line.last("initrd")];
  const texts = line.all("cmdline").map(({ value }) => value);
  const cmdline = texts.length === 0 ? {} : { cmdline: texts.join(" ") };
  const direct = kernel === undefined ? undefined : { kernel, ...(initrd === undefined ? {} : { initrd }), ...cmdline };
  const firmware = line.last("uefi-firmware");
  const isUefi = line.has("uefi");
  if (direct !== undefined && !isUefi && !line.has("pcat")) return { kind: "kernel", ...direct };
  for (const { said } of line.all("kernel", "initrd", "cmdline"))
    sheet.drop(said, direct === undefined ? "the kernel it is for is not named" : "firmware boots this machine");
  if (line.has("pcat")) {
    const bios = line.last("pcat-firmware");
    return { kind: "pcat", ...(bios === undefined ? {} : { firmware: bios }) };
  }
  if (!isUefi)
    sheet.drop("(no --uefi, --pcat, --kernel)", "what boots comes from OpenVMM's environment: uefi is taken for it");
  return {
    kind: "uefi",
    ...(firmware === undefined ? {} : { firmware }),
    ...(line.has("disable-frontpage") ? { frontpage: false } : {}),
  };
}

function readPower(line: OpenvmmLine, sheet: ImportSheet): NonNullable<MachineOverrides["power"]> {
  const kinds = ["reset", "shutdown", "crash", "watchdog"] as const;
  const said = kinds.flatMap((kind) => {
    const text = line.last(`guest-${kind}-action`);
    if (text === undefined) return [];
    const action = actionSchema.safeParse(text);
    if (action.success) return [[kind, action.data] as const];
    sheet.refuse(
      `error: invalid value '${text}' for '--guest-${kind}-action': write reset, halt or exit[:CODE] with CODE from 0 to 255`,
    );
    return [];
  });
  return { ...(line.has("halt-on-reset") ? { reset: "halt" } : {}), ...Object.fromEntries(said) };
}

function readDisplay(line: OpenvmmLine, sheet: ImportSheet): NonNullable<MachineOverrides["display"]> {
  const [text, listen] = [line.last("vnc-port"), line.last("vnc-listen")];
  const port = text === undefined ? undefined : Number(text);
  if (text !== undefined && !/^\d{1,5}$/.test(text)) sheet.refuse(`error: invalid value '${text}' for '--vnc-port'`);
  return { vnc: { ...(port === undefined ? {} : { port }), ...(listen === undefined ? {} : { listen }) } };
}
