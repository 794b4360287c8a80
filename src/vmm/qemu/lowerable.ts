import type { Disk, Machine } from "../../machine/machine.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import { parseMachine } from "../../machine/validate.ts";
import { firstCid } from "../../machine/vsock.ts";
import type { Detection, RunPaths } from "../contract.ts";
import { canonicalSlots } from "../import/slots.ts";
import { withSlots } from "../slots.ts";
import { nativeConsoles, nativePower, withoutHarness } from "./native.ts";
import { cpuModel, usesBackend } from "./plan.ts";
import { resolveChipset, uefiFirmware } from "./support.ts";

interface Place {
  readonly paths: RunPaths;
  readonly detection: Detection;
  readonly accelerator: AcceleratorName;
}

/**
 * What of a machine a QEMU command line can say: the projection by which importing scriptQemu's command gives the machine
 * back. What follows from the host is filled in (its firmware), what only Petri knows is left out (a heartbeat, exit
 * codes, disks' formats that QEMU reads as raw).
 */
export function lowerable(machine: Machine, { paths, detection, accelerator }: Place): Machine {
  const { name, arch, processors, memory, disks, nics, rng, display, filesystems, watchdog, vsock, clock } = machine;
  const { uuid, smbios, rtc } = machine;
  const model = cpuModel(machine, accelerator, detection);
  const device = watchdog === "any" ? "i6300esb" : typeof watchdog === "string" ? watchdog : undefined;
  const power = nativePower(machine);
  const { thp: _, ...ram } = memory;
  const shared = usesBackend(withoutHarness(machine)) ? { shared: memory.shared ?? true } : {};
  const { shared: __, ...rest } = ram;
  return parseMachine({
    ...{ name, arch, nics: nics.map(plainNic), rng, display, filesystems, clock, uuid, smbios, rtc },
    boot: lowerableBoot(machine, detection),
    chipset: resolveChipset(machine),
    processors: { ...processors, ...(model === undefined ? {} : { model }) },
    memory: { ...rest, ...shared },
    disks: lowerableDisks(disks),
    consoles: { com1: "none", ...nativeConsoles(machine) },
    power: { ...power, watchdog: device === undefined ? "reset" : power.watchdog },
    ...(device === undefined ? {} : { watchdog: device }),
    ...(vsock === undefined ? {} : { vsock: { transport: "vhost", cid: vsock.cid ?? paths.vsockCid ?? firstCid } }),
  });
}

function lowerableBoot({ boot }: Machine, detection: Detection): Machine["boot"] {
  if (boot.kind === "pcat") return boot;
  const { initrd, cmdline, ...rest } = boot;
  const direct = { ...(initrd ? { initrd } : {}), ...(cmdline ? { cmdline } : {}) };
  if (rest.kind === "kernel") return { ...rest, ...direct };
  const { code, nvram } = uefiFirmware(rest, detection);
  const { nvram: _, ...plain } = rest;
  return {
    ...plain,
    ...(rest.kernel === undefined ? {} : direct),
    frontpage: true,
    firmware: code,
    ...(nvram ? { nvram } : {}),
  };
}

/** The order is the order of booting, in which a floppy has no place: the BIOS's own comes last. */
function lowerableDisks(disks: readonly Disk[]): Disk[] {
  const slotted = withSlots(disks);
  const ranked = slotted.map((disk) => {
    const isNamed = disk.bus !== "virtio" && disk.bus !== "nvme";
    const rank = slotted.filter((other) => other.bus === disk.bus && other.slot < disk.slot).length;
    const format = disk.format === undefined || disk.format === "iso" ? ("raw" as const) : disk.format;
    return { ...disk, format, slot: isNamed ? disk.slot : rank };
  });
  const floppies = ranked.filter((disk) => disk.bus === "floppy").sort((a, b) => a.slot - b.slot);
  // canonicalSlots takes slots away, and nothing else.
  return canonicalSlots([...ranked.filter((disk) => disk.bus !== "floppy"), ...floppies]) as Disk[];
}

function plainNic(nic: Machine["nics"][number]): Machine["nics"][number] {
  const mac = nic.mac?.replaceAll("-", ":");
  return nic.backend === "none"
    ? { ...nic, forward: [], ...(mac ? { mac } : {}) }
    : { ...nic, ...(mac ? { mac } : {}) };
}
