import { type Boot, type Machine, watchdogDevice } from "../../machine/machine.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import { type AbsentAxis, axisNames } from "../axis-names.ts";
import type { Detection, Refusal } from "../contract.ts";
import { countsInstructions, refuseClock } from "./clock.ts";
import { refuseCpu } from "./cpu-limits.ts";
import { refuseBeyondDevices } from "./limits.ts";
import { refuseRecording } from "./recording.ts";
import { refuseVsock } from "./vsock.ts";

/** Fastest first; the last resort works everywhere QEMU does. */
const preference: readonly AcceleratorName[] = ["kvm", "hvf", "whp", "tcg"];

/** The wanted accelerator if it works, else the fastest that does and that has the machine's clock. */
export function pickAccelerator(
  machine: Pick<Machine, "clock" | "record">,
  detection: Detection,
  wanted?: AcceleratorName,
): AcceleratorName | undefined {
  const works = (name: AcceleratorName) => detection.accelerators.some((each) => each.name === name && each.works);
  if (wanted) return works(wanted) ? wanted : undefined;
  return preference.find((name) => works(name) && (name === "tcg" || !countsInstructions(machine)));
}

/** `auto` is q35 for what only q35 has, else pc, whose firmware is the quickest. */
export function resolveChipset(machine: Machine): "pc" | "q35" | "microvm" {
  if (machine.chipset !== "auto") return machine.chipset;
  const legacy = machine.disks.some((disk) => disk.bus === "ide" || disk.bus === "floppy");
  if (machine.watchdog === "itco" || (machine.boot.kind === "uefi" && !legacy)) return "q35";
  return "pc";
}

/** The firmware named by the machine, else the one found on the host. */
export function uefiFirmware(
  boot: Extract<Boot, { kind: "uefi" }>,
  detection: Detection,
): { code: string; nvram?: string } {
  if (boot.firmware) return { code: boot.firmware, ...(boot.nvram ? { nvram: boot.nvram } : {}) };
  const found = detection.firmware.find((each) => each.boot === "uefi");
  const nvram = boot.nvram ?? found?.nvram;
  return { code: found?.code ?? "", ...(nvram ? { nvram } : {}) };
}

/** Every reason why QEMU cannot run this machine; each names the axis and what to do. */
export function qemuSupport(machine: Machine, detection: Detection, wanted?: AcceleratorName): Refusal[] {
  const refusals: Refusal[] = [];
  const refuse = (axis: string, reason: string) => refusals.push({ axis, reason });
  if (!detection.present) {
    refuse("vmm", `QEMU is not usable here: ${[...detection.notes, ...detection.fixes].join("; ")}`);
  } else if (!pickAccelerator(machine, detection, wanted)) {
    const needed = wanted ?? (countsInstructions(machine) ? "tcg" : undefined);
    const finding = detection.accelerators.find((each) => each.name === needed);
    refuse("accelerator", `${needed ?? "no accelerator"} does not work here: ${finding?.reason ?? "not on this host"}`);
  }
  refuseAxes(machine, detection, wanted, refuse);
  return refusals;
}

type Refuse = (axis: string, reason: string) => void;

// Every field of a machine is named: a new one does not compile until QEMU carries or refuses it.
function refuseAxes(machine: Machine, detection: Detection, wanted: AcceleratorName | undefined, refuse: Refuse): void {
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
  // refuseBeyondDevices looks at what of these QEMU lacks.
  void [
    name,
    memory,
    nics,
    consoles,
    ports,
    uuid,
    smbios,
    rtc,
    power,
    rng,
    display,
    filesystems,
    vsock,
    clock,
    vmmOptions,
  ];

  if (arch !== "x86_64") refuse("arch", `${arch} is not carried yet; write x86_64`);
  const { unreadable = [] } = detection;
  if (boot.kind === "uefi" && !boot.firmware && unreadable.length > 0) {
    refuse("boot", `${unreadable.join(" and ")} cannot be read: name UEFI firmware that is there, or unset it`);
  } else if (boot.kind === "uefi" && !boot.firmware && !detection.firmware.some((each) => each.boot === "uefi")) {
    refuse("boot", "no UEFI firmware was found: install the package ovmf, or set PETRI_UEFI_CODE to a code image");
  }
  const accelerator = pickAccelerator(machine, detection, wanted);
  refuseCpu(processors, detection, accelerator, refuse);
  refuseChipset(machine, resolveChipset(machine), refuse);
  refuseBeyondDevices(machine, resolveChipset(machine), refuse);
  if (chipset === "microvm" && boot.kind !== "kernel") refuse("chipset", "microvm starts kernels only");
  for (const [index, disk] of disks.entries()) {
    if (disk.bus === "nvme" && disk.dvd) refuse(`disks[${index}].bus`, "an optical drive cannot be on nvme");
    if (disk.bus === "virtio" && disk.dvd) {
      refuse(`disks[${index}].bus`, "an optical drive cannot be on virtio; write ide, ahci, scsi or usb");
    }
    if (disk.bus === "floppy" && disk.dvd) refuse(`disks[${index}].bus`, "an optical drive cannot be a floppy");
  }
  refuseVsock(machine, detection, refuse);
  if (watchdog === "wdat") refuse("watchdog", "wdat is OpenVMM's device; write i6300esb, ib700 or itco");
  if (accelerator) refuseClock(machine, accelerator, refuse);
  if (record) refuseRecording(machine, refuse);
  for (const [axis, value] of Object.entries({ numa, pcie, tpm, secureBoot, hyperv })) {
    if (value !== undefined && value !== false)
      refuse(axis, `QEMU's ${axisNames[axis as AbsentAxis]} is not carried yet`);
  }
}

function refuseChipset(machine: Machine, chipset: "pc" | "q35" | "microvm", refuse: Refuse): void {
  const buses = new Set(machine.disks.map((disk) => disk.bus));
  if (chipset === "q35" && buses.has("ide")) refuse("disks", "q35 has no IDE controller; write ahci, or chipset pc");
  if (chipset === "q35" && buses.has("floppy")) refuse("disks", "q35 has no floppy controller; write chipset pc");
  if (chipset !== "q35" && machine.watchdog === "itco") refuse("watchdog", "itco is part of q35; write chipset q35");
  if (chipset === "microvm") {
    const beyond = [...buses].filter((bus) => bus !== "virtio");
    if (beyond.length > 0) refuse("disks", `microvm has virtio disks only, not ${beyond.join(", ")}`);
    if (watchdogDevice(machine.watchdog)) refuse("watchdog", "microvm has no watchdog");
    if (machine.display !== "none") refuse("display", "microvm has no display");
    if (machine.rtc !== "utc") refuse("rtc", "microvm has a clock chip without KVM only; write chipset pc or q35");
    for (const key of ["uuid", "smbios"] as const)
      if (machine[key]) refuse(key, "microvm has no SMBIOS tables; write chipset pc or q35");
    if (machine.nics.some((nic) => nic.model !== "virtio")) refuse("nics", "microvm has virtio networking only");
  }
}
