import { type Machine, watchdogDevice } from "../../machine/machine.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import { type AbsentAxis, axisNames } from "../axis-names.ts";
import type { Detection, Refusal } from "../contract.ts";
import { withSlots } from "../slots.ts";
import { type Dialect, dialectOf } from "./dialect.ts";

const mib = 2 ** 20;
/** Device numbers of PCI bus 0, less the host bridge and the LPC bridge. */
const pciPlaces = 30;
/** Ports of one emulated AHCI controller (usr.sbin/bhyve/pci_ahci.c, MAX_PORTS). */
const ahciPorts = 32;

type Refuse = (axis: string, reason: string) => void;

/** Every reason why bhyve cannot run this machine. */
export function bhyveSupport(machine: Machine, detection: Detection, wanted?: AcceleratorName): Refusal[] {
  const refusals: Refusal[] = [];
  const refuse: Refuse = (axis, reason) => refusals.push({ axis, reason });
  if (!detection.present) {
    refuse("vmm", `bhyve is not usable here: ${[...detection.notes, ...detection.fixes].join("; ")}`);
  }
  if (wanted && wanted !== "bhyve-vmm")
    refuse("accelerator", `bhyve runs guests by FreeBSD's vmm(4) only, not ${wanted}`);
  const dialect = dialectOf(detection.version);

  // Every field of a machine is named: a new one does not compile until bhyve carries or refuses it.
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
  void [name, power, uuid, rng, filesystems, vmmOptions];

  if (arch !== "x86_64") refuse("arch", `${arch} is not carried yet; write x86_64`);
  refuseBoot(boot, detection, refuse);
  if (chipset !== "auto") refuse("chipset", `bhyve has a chipset of its own, not ${chipset}; leave it out`);
  if (processors.count > dialect.mostProcessors) {
    refuse("processors.count", `bhyve has at most ${dialect.mostProcessors} processors, not ${processors.count}`);
  }
  if (processors.model) refuse("processors.model", "bhyve gives its guest the host's CPU; leave it out");
  if (processors.features.length > 0) refuse("processors.features", "bhyve's CPU features are fixed; leave them out");
  refuseMemory(memory, refuse);
  refuseDisks(disks, refuse);
  refuseNics(nics, dialect, refuse);
  for (const line of ["com2", "com3", "com4"] as const) {
    if ((consoles[line] ?? "none") === "none") continue;
    refuse(`consoles.${line}`, "of bhyve's serial lines only one can be recorded from its first byte: write com1");
  }
  if ((consoles.hvc0 ?? "none") !== "none") {
    refuse("consoles.hvc0", "bhyve's virtio console has ports, but no console among them; write com1");
  }
  if (ports.length > 0) refuse("ports", "bhyve's virtio console is not carried yet: leave them out, or run on qemu");
  if (watchdogDevice(watchdog)) refuse("watchdog", 'bhyve has no watchdog device; write { heartbeat: "10s" }');
  if (display !== "none") refuse("display", "bhyve's framebuffer is not carried yet; leave it out");
  if (smbios && !dialect.hasSmbiosStrings) {
    refuse("smbios", "bhyve before FreeBSD 14 has SMBIOS strings of its own, all but the uuid; leave it out");
  }
  if (clock === "warp") refuse("clock", "bhyve cannot warp time");
  if (rtc !== "utc" && rtc !== "localtime") {
    refuse("rtc", "bhyve's clock chip has the host's time; write utc or localtime");
  }
  if (record) refuse("record", "bhyve cannot record a run; leave it out, or run on qemu");
  const places = cards(machine);
  if (places > pciPlaces)
    refuse("disks", `this machine needs ${places} PCI devices, and bhyve has places for ${pciPlaces}`);
  for (const [axis, value] of Object.entries({ numa, vsock, pcie, tpm, secureBoot, hyperv })) {
    if (value !== undefined && value !== false) refuse(axis, `bhyve's ${axisNames[axis as AbsentAxis]} is not carried`);
  }
  return refusals;
}

function refuseBoot(boot: Machine["boot"], { firmware, unreadable = [], notes }: Detection, refuse: Refuse): void {
  const has = (kind: Machine["boot"]["kind"]) => firmware.some((each) => each.boot === kind);
  switch (boot.kind) {
    case "pcat":
      // BHYVE_UEFI_CSM.fd, which had one, is gone from edk2-bhyve.
      return refuse("boot", "bhyve has no BIOS: its firmware lost the CSM that stood for one; boot by uefi or kernel");
    case "kernel":
      if (has("kernel")) return;
      return refuse(
        "boot",
        `bhyve starts a kernel by grub-bhyve, which is not here: ${notes.join("; ") || "install it"}`,
      );
    case "uefi":
      if (boot.kernel !== undefined) {
        refuse("boot.kernel", "bhyve's firmware takes no kernel from the host; boot it by kernel, or from a disk");
      }
      if (boot.firmware) return;
      if (unreadable.length > 0) {
        return refuse(
          "boot",
          `${unreadable.join(" and ")} cannot be read: name UEFI firmware that is there, or unset it`,
        );
      }
      if (!has("uefi")) {
        refuse("boot", "no UEFI firmware was found: pkg install edk2-bhyve, or set PETRI_UEFI_CODE to its code image");
      }
  }
}

function refuseMemory(memory: Machine["memory"], refuse: Refuse): void {
  const { size, shared, prefetch, thp, hugepages, hugepageSize, file } = memory;
  void prefetch; // -S wires all of it
  if (size % mib !== 0) refuse("memory.size", "bhyve and its loaders take whole MiB");
  for (const [key, value] of Object.entries({ shared, thp, hugepages, hugepageSize, file })) {
    if (value) refuse(`memory.${key}`, "guest memory belongs to FreeBSD's vmm(4); leave it out");
  }
}

function refuseDisks(disks: Machine["disks"], refuse: Refuse): void {
  for (const [index, disk] of withSlots(disks).entries()) {
    const axis = `disks[${index}]`;
    if (disk.bus === "ide" || disk.bus === "usb" || disk.bus === "floppy" || disk.bus === "scsi") {
      const instead = disk.dvd ? "ahci" : "virtio, ahci or nvme";
      refuse(`${axis}.bus`, `bhyve has no disk on ${disk.bus}; write ${instead}`);
    } else if (disk.dvd && disk.bus !== "ahci") {
      refuse(`${axis}.bus`, `an optical drive cannot be on ${disk.bus}; write ahci`);
    }
    if (disk.bus === "ahci" && disk.slot >= ahciPorts)
      refuse(`${axis}.slot`, `bhyve has AHCI ports 0 to ${ahciPorts - 1}`);
    if (disk.bus === "nvme" && disk.readOnly) {
      refuse(`${axis}.readOnly`, "bhyve's nvme has no read-only disks; leave it out: writes are thrown away anyway");
    }
    if (disk.format && disk.format !== "raw" && disk.format !== "iso") {
      refuse(`${axis}.format`, `bhyve reads raw images, not ${disk.format}: convert it with qemu-img convert -O raw`);
    }
    if (disk.file.includes(",")) refuse(`${axis}.file`, "bhyve takes a comma for the end of the name; rename the file");
  }
}

function refuseNics(nics: Machine["nics"], { hasSlirp }: Dialect, refuse: Refuse): void {
  for (const [index, { model, backend, mac, mtu, forward }] of nics.entries()) {
    if (model !== "virtio" && model !== "e1000") {
      refuse(`nics[${index}].model`, `bhyve has no ${model}; write virtio or e1000`);
    }
    // netbe_legacy_config() takes the first word for the network (usr.sbin/bhyve/net_backends.c).
    for (const [key, value] of Object.entries({ mac, mtu })) {
      if (value === undefined || backend !== "none") continue;
      refuse(
        `nics[${index}].${key}`,
        "bhyve cannot say it of a card without a network; write backend user, or leave it out",
      );
    }
    if (backend === "user" && !hasSlirp) {
      refuse(`nics[${index}]`, "NAT by bhyve itself (slirp) came with FreeBSD 15; write backend none");
    }
    for (const [at, { hostAddress }] of forward.entries()) {
      if (hostAddress.includes(":")) {
        refuse(`nics[${index}].forward[${at}].hostAddress`, `bhyve forwards from IPv4 only, not ${hostAddress}`);
      }
    }
  }
}

/** Devices that take a place of their own on the PCI bus. */
function cards({ disks, nics, filesystems, rng }: Machine): number {
  return disks.length + nics.length + filesystems.length + (rng ? 1 : 0);
}
