import type { Machine } from "../../machine/machine.ts";
import { withSlots } from "../slots.ts";

type Chipset = "pc" | "q35" | "microvm";
type Refuse = (axis: string, reason: string) => void;

/** One more would need x2APIC ids and interrupt remapping (QEMU's `-machine help`: pc stops at 255). */
const mostProcessors = 255;
/** Ports of one xHCI controller (hw/usb/hcd-xhci.h, MAXPORTS_2 and MAXPORTS_3); `disks.ts` asks for all of them. */
export const usbPorts = 15;
/** Device numbers of a PCI bus, less the host bridge and the south bridge. */
const pciPlaces = 30;
/** microvm's virtio-mmio transports without a second I/O APIC (docs/system/i386/microvm.rst). */
const mmioPlaces = 8;

/** What a machine may say and QEMU's devices cannot do. */
export function refuseBeyondDevices(machine: Machine, chipset: Chipset, refuse: Refuse): void {
  const { processors, disks, nics, display, consoles, memory } = machine;
  if (processors.count > mostProcessors) {
    refuse("processors.count", `QEMU's ${chipset} has at most ${mostProcessors} processors, not ${processors.count}`);
  }
  if (memory.thp !== undefined) refuse("memory.thp", "QEMU always asks for huge pages by itself; leave thp out");
  for (const [index, disk] of withSlots(disks).entries()) {
    if ((disk.bus === "ide" || disk.bus === "ahci") && disk.readOnly && !disk.dvd) {
      refuse(
        `disks[${index}].readOnly`,
        `a hard disk on ${disk.bus} cannot be read-only; write bus virtio, scsi, nvme or usb, or leave it out: writes are thrown away anyway`,
      );
    }
    if (disk.bus === "usb" && disk.slot >= usbPorts) {
      refuse(`disks[${index}].slot`, `QEMU's USB controller has ports 0 to ${usbPorts - 1}, not ${disk.slot}`);
    }
  }
  for (const [nic, { backend, forward }] of nics.entries()) {
    for (const [index, { hostAddress }] of forward.entries()) {
      if (backend !== "user" || !hostAddress.includes(":")) continue;
      refuse(`nics[${nic}].forward[${index}].hostAddress`, `QEMU forwards from IPv4 only, not ${hostAddress}`);
    }
  }
  if (typeof display === "object" && display.vnc.port < 5900) {
    refuse("display.vnc.port", `QEMU counts VNC ports from 5900 on; ${display.vnc.port} is below`);
  }
  const beyond = chipset === "microvm" ? (["com2", "com3", "com4"] as const) : [];
  for (const name of beyond) {
    if ((consoles[name] ?? "none") !== "none") refuse(`consoles.${name}`, "microvm has com1 only; write hvc0");
  }
  const places = chipset === "microvm" ? mmioPlaces : pciPlaces;
  const needed = cards(machine, chipset);
  if (needed > places) {
    refuse("disks", `this machine needs ${needed} places on the bus, and ${chipset} has ${places}; put disks on scsi`);
  }
}

/** Devices that take a place of their own on the PCI bus, or one of microvm's transports. */
function cards(machine: Machine, chipset: Chipset): number {
  const on = (bus: Machine["disks"][number]["bus"]) => machine.disks.filter((disk) => disk.bus === bus).length;
  const one = (there: boolean) => (there ? 1 : 0);
  const watchdogs = one(machine.watchdog === "any" || machine.watchdog === "i6300esb");
  return (
    on("virtio") +
    on("nvme") +
    one(on("scsi") > 0) +
    one(on("usb") > 0) +
    one(on("ahci") > 0 && chipset === "pc") +
    machine.nics.length +
    machine.filesystems.length +
    one(machine.rng) +
    one(machine.vsock !== undefined) +
    one((machine.consoles.hvc0 ?? "none") !== "none" || machine.ports.length > 0) +
    one(machine.display !== "none") +
    watchdogs
  );
}
