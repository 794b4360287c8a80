import { type Machine, watchdogDevice } from "../../machine/machine.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import { firstCid } from "../../machine/vsock.ts";
import { type AbsentAxis, axisNames } from "../axis-names.ts";
import type { Detection, Refusal } from "../contract.ts";
import { withSlots } from "../slots.ts";

/** Fastest first; tcg is what a contract double runs its guests under. */
const preference: readonly AcceleratorName[] = ["mshv", "kvm", "whp", "hvf", "tcg"];

/** The wanted accelerator if it works, else the first that does. */
export function pickAccelerator(detection: Detection, wanted?: AcceleratorName): AcceleratorName | undefined {
  const works = (name: AcceleratorName) => detection.accelerators.some((each) => each.name === name && each.works);
  if (wanted) return works(wanted) ? wanted : undefined;
  return preference.find(works);
}

type Refuse = (axis: string, reason: string) => void;

/** Every reason why OpenVMM cannot run this machine; each names the axis and what to do. */
export function openvmmSupport(machine: Machine, detection: Detection, wanted?: AcceleratorName): Refusal[] {
  const refusals: Refusal[] = [];
  const refuse: Refuse = (axis, reason) => void refusals.push({ axis, reason });
  if (!detection.present) {
    refuse("vmm", `OpenVMM is not usable here: ${[...detection.notes, ...detection.fixes].join("; ")}`);
  } else if (!pickAccelerator(detection, wanted)) {
    const finding = detection.accelerators.find((each) => each.name === wanted);
    refuse("accelerator", `${wanted ?? "no accelerator"} does not work here: ${finding?.reason ?? "not on this host"}`);
  }

  // Every field of a machine is named: a new one does not compile until OpenVMM carries or refuses it.
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
  void [name, disks, consoles, power, rng, vsock, vmmOptions];

  if (arch !== "x86_64") refuse("arch", `${arch} is not carried yet; write x86_64`);
  refuseBoot(machine, detection, refuse);
  if (chipset !== "auto") refuse("chipset", `OpenVMM has a machine of its own, not a ${chipset}; write auto`);
  if (processors.model) refuse("processors.model", "OpenVMM gives the host's CPU model; leave it out");
  if (processors.features.length > 0) refuse("processors.features", "OpenVMM's CPU features are the host's");
  if ((processors.threads ?? 1) > 2) refuse("processors.threads", "OpenVMM has 1 or 2 threads a core");
  if (memory.file?.includes(",")) refuse("memory.file", noComma);
  refuseDisks(machine, refuse);
  for (const nic of nics) {
    if (nic.model !== "virtio") refuse("nics", `OpenVMM has no ${nic.model}; write virtio`);
    if (nic.mtu !== undefined) refuse("nics", "OpenVMM's command line has no word for an MTU; leave it out");
    if (nic.mac) refuse("nics", "OpenVMM chooses the MAC address itself; leave it out");
  }
  if (display === "headless") refuse("display", "OpenVMM shows its framebuffer over VNC only; write none or vnc");
  refuseVsock(machine, detection, refuse);
  if (watchdogDevice(watchdog)) refuseWatchdog(machine, detection, refuse);
  for (const { path, readOnly } of filesystems) {
    if (readOnly) refuse("filesystems", "OpenVMM's 9p has no read-only folders; leave readOnly out");
    if (path.includes(",")) refuse("filesystems", noComma);
  }
  if (clock === "warp") refuse("clock", "OpenVMM cannot warp time");
  if (rtc !== "utc") refuse("rtc", "OpenVMM's command line has no word for what its clock chip shows; leave it out");
  if (record) refuse("record", "OpenVMM cannot record a run; leave it out, or run on qemu");
  if (ports.length > 0)
    refuse("ports", "OpenVMM's virtio console has no ports beside it: leave them out, or run on qemu");
  for (const [axis, value] of Object.entries({ uuid, smbios })) {
    if (value !== undefined)
      refuse(axis, `OpenVMM's command line has no ${axisNames[axis as AbsentAxis]}; leave it out`);
  }
  for (const [axis, value] of Object.entries({ numa, pcie, tpm, secureBoot, hyperv })) {
    if (value !== undefined && value !== false)
      refuse(axis, `OpenVMM's ${axisNames[axis as AbsentAxis]} is not carried yet`);
  }
  return refusals;
}

const noComma = "OpenVMM's options cannot say a path with a comma";

function refuseBoot({ boot, nics }: Machine, detection: Detection, refuse: Refuse): void {
  const { unreadable = [] } = detection;
  const finds = (kind: "uefi" | "pcat") => detection.firmware.some((each) => each.boot === kind);
  if (boot.kind !== "kernel" && !boot.firmware && unreadable.length > 0) {
    refuse("boot", `${unreadable.join(" and ")} cannot be read: name firmware that is there, or unset it`);
  } else if (boot.kind === "uefi" && !boot.firmware && !finds("uefi")) {
    refuse("boot", "uefi needs mu_msvm's MSVM.fd, which boots nowhere else: set PETRI_MSVM to it");
  } else if (boot.kind === "pcat" && !boot.firmware && !finds("pcat")) {
    refuse("boot", "pcat needs Hyper-V's BIOS, vmfirmwarepcat.dll of a Windows: set PETRI_PCAT to it");
  }
  if (boot.kind === "uefi" && !boot.frontpage && detection.isDouble) {
    refuse("boot.frontpage", "not doubled: OVMF, which stands for mu_msvm in the contract double, has its menu always");
  }
  if (boot.kind === "uefi" && boot.kernel !== undefined) {
    refuse("boot.kernel", "mu_msvm starts disks only; boot by kernel");
  }
  if (boot.kind === "uefi" && boot.nvram !== undefined) {
    refuse("boot.nvram", "OpenVMM keeps UEFI's variables in a VMGS file, which is not carried yet; leave it out");
  }
  if (boot.kind === "pcat" && nics.some(({ backend }) => backend === "none")) {
    refuse("nics", "a card without a network is not carried under pcat; write backend user");
  }
}

/** What a disk on a bus needs; buses that are not here OpenVMM does not have. */
const buses = { virtio: true, scsi: true, nvme: true, ide: true, floppy: true, ahci: false, usb: false };

function refuseDisks({ boot, disks }: Machine, refuse: Refuse): void {
  for (const [index, disk] of withSlots(disks).entries()) {
    const axis = `disks[${index}]`;
    if (!buses[disk.bus]) refuse(`${axis}.bus`, `OpenVMM has no ${disk.bus}; write virtio, scsi or nvme`);
    if ((disk.bus === "ide" || disk.bus === "floppy") && boot.kind !== "pcat") {
      refuse(`${axis}.bus`, `OpenVMM has ${disk.bus} under pcat only; write ${disk.dvd ? "scsi" : "virtio or scsi"}`);
    }
    if (disk.bus === "nvme" && boot.kind === "pcat") {
      refuse(`${axis}.bus`, "OpenVMM has no PCI Express, and so no nvme, under pcat; write ide or scsi");
    }
    if (disk.dvd && disk.bus !== "scsi" && disk.bus !== "ide") {
      refuse(`${axis}.bus`, `an optical drive cannot be on ${disk.bus}; write scsi`);
    }
    if (/[,;]/.test(disk.file)) refuse(`${axis}.file`, "OpenVMM's options cannot say a path with ',' or ';'");
    if (disk.persist && needsConversion(disk)) {
      refuse(
        `${axis}.persist`,
        `OpenVMM on this host reads raw images only, so ${disk.format} is converted to one that is thrown away; convert it with qemu-img convert -O raw`,
      );
    }
  }
}

/** Raw images are all that OpenVMM reads on every host (CLI page, "--disk"). */
export function needsConversion({ format = "raw" }: Machine["disks"][number]): boolean {
  return format !== "raw" && format !== "iso";
}

function refuseVsock({ boot, vsock }: Machine, detection: Detection, refuse: Refuse): void {
  if (!vsock) return;
  if (detection.isDouble && boot.kind !== "kernel") {
    refuse("vsock", "not doubled: firmware's guests have it by VMBus, which is not in OpenVMM's contract double");
  }
  if (vsock.transport) refuse("vsock", `OpenVMM's vsock is a Unix socket, not ${vsock.transport}; leave transport out`);
  if (vsock.cid !== undefined && vsock.cid !== firstCid && boot.kind === "kernel") {
    refuse("vsock.cid", `OpenVMM's guest has CID ${firstCid}; leave it out`);
  }
  if (vsock.path) refuse("vsock.path", "a socket for other programs is not carried on OpenVMM; leave it out");
}

function refuseWatchdog({ boot, watchdog }: Machine, detection: Detection, refuse: Refuse): void {
  if (watchdog !== "any" && watchdog !== "wdat") {
    refuse("watchdog", `OpenVMM has no ${watchdogDevice(watchdog)}; write any or wdat`);
  } else if (boot.kind === "kernel") {
    refuse("watchdog", "only UEFI tells the guest of OpenVMM's watchdog (WDAT); boot by uefi");
  } else if (boot.kind === "pcat") {
    refuse("watchdog", "OpenVMM has no watchdog under pcat, and says nothing when asked for one; boot by uefi");
  } else if (detection.isDouble) {
    refuse("watchdog", "not doubled: OpenVMM's watchdog (WDAT) is not in its contract double");
  }
}
