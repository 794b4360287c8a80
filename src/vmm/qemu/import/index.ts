import type { MachineOverrides } from "../../../machine/merge.ts";
import { type GivenCommand, type Importer, type ImportSheet, placement } from "../../import/sheet.ts";
import { dropMachineRest, readBoard } from "./arch.ts";
import { readNodes } from "./block-nodes.ts";
import { flashNodes, readBoot } from "./boot.ts";
import { readClock } from "./clock.ts";
import { type CommandLine, saidAs, splitQemu } from "./command-line.ts";
import { readConsoles } from "./consoles.ts";
import { readDevices } from "./devices.ts";
import { readDisks } from "./disks.ts";
import { readDisplay } from "./display.ts";
import { readIdentity } from "./identity.ts";
import { accelerators } from "./known.ts";
import { readMedia } from "./media.ts";
import { dropObjects, readMemory, readObjects } from "./memory.ts";
import { readNics, tellDefaultNic } from "./nets.ts";
import { Opts, readOpts } from "./opts.ts";
import { readPower, readWatchdog } from "./power.ts";
import { readProcessors } from "./processors.ts";
import { withConfigFiles } from "./read-config.ts";
import { readFilesystems, readRng, readVsock } from "./shares.ts";

/** A QEMU command line as the machine it builds; its defaults are QEMU's, not Petri's. */
export const importQemu: Importer = (command: GivenCommand, sheet: ImportSheet): MachineOverrides => {
  const line = withConfigFiles(splitQemu(command, sheet), command, sheet);
  const machine = Opts.merged(
    line.all("machine", "M").flatMap(({ value }) => readOpts("-machine", value, "type") ?? []),
  );
  const board = readBoard(command.program, machine, !line.has("nodefaults"), sheet);
  const objects = readObjects(line, sheet);
  const nodes = readNodes(line, sheet);
  const devices = readDevices(line, board, sheet);
  const media = readMedia(line, board, nodes, sheet);
  const boot = readBoot(line, board, machine, media, nodes, sheet);
  const flash = new Set(flashNodes(machine));
  const backend = machine?.peek("memory-backend");
  const memory = readMemory(line, machine, objects, sheet);
  const watchdog = readWatchdog(line, devices, sheet);
  const { rng, source } = readRng(devices, sheet);
  const used = new Set([backend, source].filter((id) => id !== undefined));
  const nics = readNics(line, board, devices, sheet);
  const filesystems = readFilesystems(line, devices, sheet);
  const vsock = readVsock(devices, sheet);
  const whole: MachineOverrides = {
    ...readName(line, sheet),
    arch: board.arch,
    chipset: board.chipset,
    boot,
    processors: readProcessors(line, board, sheet),
    memory,
    disks: readDisks(line, board, media, new Map([...nodes].filter(([name]) => !flash.has(name))), devices, sheet),
    nics,
    consoles: readConsoles(line, devices, sheet),
    display: readDisplay(line, board, devices, sheet),
    power: readPower(line, watchdog, sheet),
    ...readIdentity(line, sheet),
    ...readClock(line, sheet),
    filesystems,
    ...(rng ? { rng } : {}),
    ...(vsock === undefined ? {} : { vsock }),
    ...(watchdog === undefined ? {} : { watchdog }),
  };
  tellDefaultNic(line, nics, board, sheet);
  dropAccelerator(line, machine, sheet);
  dropGlobals(line, watchdog, sheet);
  // Every machine of Petri's that can has one: its panics are told from its power-offs.
  devices.take(/^pvpanic(-pci)?$/);
  dropObjects(objects, used, sheet);
  devices.dropRest(sheet);
  dropMachineRest(machine, sheet);
  line.dropRest(sheet);
  return whole;
};

function readName(line: CommandLine, sheet: ImportSheet): { name?: string } {
  const opts = Opts.merged(line.all("name").flatMap(({ value }) => readOpts("-name", value, "guest") ?? []));
  const name = opts?.take("guest");
  opts?.dropRest(sheet, () => "says how the VMM's process is called");
  return name === undefined ? {} : { name };
}

function dropAccelerator(line: CommandLine, machine: Opts | undefined, sheet: ImportSheet): void {
  for (const given of line.all("accel", "enable-kvm", "no-kvm")) {
    const name = given.value.split(",")[0]?.replace(/^accel=/, "") ?? "";
    if (given.name === "accel" && !name.split(":").every((each) => accelerators.has(each)) && !name.includes("$")) {
      sheet.refuse(`${saidAs(given)}: invalid accelerator ${name}`);
    } else sheet.drop(saidAs(given), placement);
  }
  const names = machine?.peek("accel");
  if (names !== undefined && !names.split(":").every((each) => accelerators.has(each)) && !names.includes("$")) {
    sheet.refuse(`-machine accel=${names}: invalid accelerator ${names}`);
  }
}

function dropGlobals(line: CommandLine, watchdog: unknown, sheet: ImportSheet): void {
  for (const given of line.all("global")) {
    if (watchdog === "itco" && given.value.startsWith("ICH9-LPC.noreboot")) continue;
    sheet.drop(saidAs(given), "is a property of QEMU's devices that a machine has no field for");
  }
  for (const given of line.all("usbdevice")) sheet.drop(saidAs(given), "a machine has no input devices of its own");
  for (const given of line.all("numa")) sheet.drop(saidAs(given), "a machine's NUMA nodes are not carried yet");
  for (const given of line.all("no-acpi", "std-vga", "virtioconsole")) {
    if (given.name === "no-acpi") sheet.drop(saidAs(given), "a machine has ACPI where its firmware has");
  }
}
