import { type Machine, watchdogDevice } from "../../machine/machine.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import { type AbsentAxis, axisNames } from "../axis-names.ts";
import type { Detection, Refusal } from "../contract.ts";
import { withSlots } from "../slots.ts";

const mib = 2 ** 20;
/** v86 keeps guest memory within 2 GiB of a 32-bit address space; below that petri-v86 takes whole MiB. */
const mostMemory = 2032 * mib;

/** Where petri-v86 can put a disk: two on IDE, two floppies, one optical drive. */
export const places = ["hda", "hdb", "cdrom", "fda", "fdb"] as const;
export type Place = (typeof places)[number];

/** Every reason why v86 cannot run this machine. */
export function v86Support(machine: Machine, detection: Detection, wanted?: AcceleratorName): Refusal[] {
  const refusals: Refusal[] = [];
  const refuse = (axis: string, reason: string) => refusals.push({ axis, reason });
  if (!detection.present)
    refuse("vmm", `v86 is not usable here: ${[...detection.notes, ...detection.fixes].join("; ")}`);
  if (wanted && wanted !== "jit") refuse("accelerator", `v86 runs guest code by its own jit only, not ${wanted}`);

  // Every field of a machine is named: a new one does not compile until v86 carries or refuses it.
  const { name, arch, boot, processors, memory, disks, nics, consoles, power, rng, display, chipset, ...later } =
    machine;
  const {
    ports,
    uuid,
    smbios,
    numa,
    vsock,
    watchdog,
    pcie,
    filesystems,
    tpm,
    secureBoot,
    hyperv,
    clock,
    rtc,
    record,
    vmmOptions,
    ...rest
  } = later;
  rest satisfies Record<string, never>;
  void [name, consoles, power, chipset, vmmOptions];

  if (arch !== "x86_64") refuse("arch", `v86 is a 32-bit PC; it cannot run ${arch}`);
  if (boot.kind === "uefi") refuse("boot", "v86 has no UEFI; boot by pcat or kernel");
  const { unreadable = [] } = detection;
  if (boot.kind === "pcat" && !boot.firmware && unreadable.length > 0) {
    refuse("boot", `${unreadable.join(" and ")} cannot be read: name a BIOS that is there, or unset it`);
  } else if (boot.kind === "pcat" && !boot.firmware && !detection.firmware.some((each) => each.boot === "pcat")) {
    refuse("boot", "pcat needs a BIOS image for v86: install the package seabios, or set PETRI_SEABIOS");
  }
  if (chipset === "q35" || chipset === "microvm") refuse("chipset", `v86 is a pc, not a ${chipset}`);
  if (processors.count > 1) refuse("processors.count", `v86 has 1 processor, not ${processors.count}`);
  if (processors.model) refuse("processors.model", "v86 has one CPU model; leave it out");
  if (processors.features.length > 0) refuse("processors.features", "v86's CPU features are fixed; leave them out");
  refuseMemory(memory, refuse);
  refuseDisks(disks, refuse);
  if (nics.length > 1) refuse("nics", `v86 has 1 network card, not ${nics.length}`);
  for (const nic of nics) {
    if (nic.backend === "user") refuse("nics", "v86 has no network behind its card; write backend none");
    if (nic.model !== "ne2k" && nic.model !== "virtio") refuse("nics", `v86 has no ${nic.model}; write virtio or ne2k`);
    if (nic.mtu !== undefined) refuse("nics", "v86's card tells no MTU; leave it out");
    if (nic.mac) refuse("nics", "v86 chooses the MAC address itself; leave it out");
  }
  if (watchdogDevice(watchdog) && !watchdogOf(machine)) {
    refuse("watchdog", `v86 has no ${watchdogDevice(watchdog)}; write any, ib700 or wdat`);
  }
  if (watchdog === "wdat" && boot.kind === "pcat") {
    refuse("watchdog", "under a BIOS v86 has no wdat, which is an ACPI table of petri-v86's own; write ib700");
  }
  if (ports.length > 0) refuse("ports", "v86 has no virtio-serial ports: leave them out, or run on qemu");
  if (rng) refuse("rng", "v86 has no entropy device");
  if (typeof display === "object") refuse("display", "v86 serves no VNC");
  if (clock === "warp") refuse("clock", "v86 gives the guest the host's time; write real, or run on qemu");
  if (rtc !== "utc") refuse("rtc", "v86's clock chip has the host's time in UTC; write utc");
  if (record) refuse("record", "v86 cannot record a run; leave it out, or run on qemu");
  if (filesystems.length > 0)
    refuse("filesystems", "petri-v86 does not carry 9p: put the files on a disk, or run on qemu");
  const absent = { uuid, smbios, numa, vsock, pcie, tpm, secureBoot, hyperv };
  for (const [axis, value] of Object.entries(absent)) {
    if (value !== undefined && value !== false) refuse(axis, `v86 has no ${axisNames[axis as AbsentAxis]}`);
  }
  return refusals;
}

/** The device that petri-v86 has for the watchdog asked for. */
export function watchdogOf({ watchdog }: Machine): "ib700" | "wdat" | undefined {
  if (watchdog === "any") return "ib700";
  return watchdog === "ib700" || watchdog === "wdat" ? watchdog : undefined;
}

type Refuse = (axis: string, reason: string) => void;

function refuseMemory(memory: Machine["memory"], refuse: Refuse): void {
  const { size, shared, prefetch, thp, hugepages, hugepageSize, file } = memory;
  if (size > mostMemory) refuse("memory.size", `v86 has at most 2032M, not ${size / mib}M`);
  if (size % mib !== 0) refuse("memory.size", "v86 takes whole MiB");
  for (const [key, value] of Object.entries({ shared, prefetch, thp, hugepages, hugepageSize, file })) {
    if (value) refuse(`memory.${key}`, "v86 keeps guest memory in a JavaScript array; leave it out");
  }
}

function refuseDisks(disks: Machine["disks"], refuse: Refuse): void {
  const taken = new Set<Place>();
  const slotted = withSlots(disks);
  const has = (place: Place) => slotted.some((disk) => placeOf(disk) === place);
  for (const [index, disk] of slotted.entries()) {
    const place = placeOf(disk);
    const axis = `disks[${index}]`;
    if (!place) {
      refuse(axis, `v86 has ide slots 0 and 1, floppies 0 and 1, and one optical drive; not ${disk.bus} ${disk.slot}`);
    } else if (taken.has(place)) refuse(axis, `v86 has one ${place} only`);
    else taken.add(place);
    if ((place === "hdb" && !has("hda")) || (place === "fdb" && !has("fda"))) {
      refuse(axis, `v86 drops a second ${disk.bus} disk without a first; write slot 0`);
    }
    if (disk.readOnly && !disk.dvd) {
      refuse(`${axis}.readOnly`, "v86's disks can be written, and the writes are thrown away; leave it out");
    }
    if (disk.dvd && disks[index]?.slot !== undefined && disk.slot !== 2) {
      refuse(`${axis}.slot`, `v86 has its optical drive at ide slot 2, not ${disk.slot}; leave it out`);
    }
    if (disk.persist) refuse(`${axis}.persist`, "v86 throws writes away; leave persist out");
    if (disk.format && disk.format !== "raw" && disk.format !== "iso") {
      refuse(`${axis}.format`, `v86 reads raw images, not ${disk.format}: convert it with qemu-img convert -O raw`);
    }
  }
}

/** Where a disk goes, or undefined if v86 has no such place. */
export function placeOf(disk: Machine["disks"][number] & { slot: number }): Place | undefined {
  if (disk.dvd) return disk.bus === "ide" ? "cdrom" : undefined;
  if (disk.bus === "ide") return (["hda", "hdb"] as const)[disk.slot];
  if (disk.bus === "floppy") return (["fda", "fdb"] as const)[disk.slot];
  return undefined;
}
