import { type Machine, watchdogDevice } from "../../machine/machine.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import { type AbsentAxis, axisNames } from "../axis-names.ts";
import type { Detection, Refusal } from "../contract.ts";
import { dialectOf } from "./dialect.ts";

const mib = 2 ** 20;
/** sys/arch/amd64/include/vmmvar.h, VMM_MAX_DISKS_PER_VM and VMM_MAX_NICS_PER_VM. */
const mostDisks = 4;
const mostNics = 4;

type Refuse = (axis: string, reason: string) => void;

/** Every reason why vmd cannot run this machine. */
export function vmctlSupport(machine: Machine, detection: Detection, wanted?: AcceleratorName): Refusal[] {
  const refusals: Refusal[] = [];
  const refuse: Refuse = (axis, reason) => refusals.push({ axis, reason });
  if (!detection.present) {
    refuse("vmm", `vmctl is not usable here: ${[...detection.notes, ...detection.fixes].join("; ")}`);
  }
  if (wanted && wanted !== "vmm") refuse("accelerator", `vmd runs guests by OpenBSD's vmm(4) only, not ${wanted}`);

  // Every field of a machine is named: a new one does not compile until vmctl carries or refuses it.
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
  // Every VM of vmd has an entropy device.
  void [name, rng, vmmOptions];

  if (arch !== "x86_64") refuse("arch", `${arch} is not carried yet; write x86_64`);
  refuseBoot(boot, detection, refuse);
  if (chipset !== "auto") refuse("chipset", `vmd has a chipset of its own, not ${chipset}; leave it out`);
  if (processors.count > 1) refuse("processors.count", `vmd has 1 processor, not ${processors.count}`);
  if (processors.model) refuse("processors.model", "vmd gives its guest the host's CPU; leave it out");
  if (processors.features.length > 0) refuse("processors.features", "vmd's CPU features are fixed; leave them out");
  refuseMemory(memory, refuse);
  refuseDisks(disks, detection, refuse);
  refuseNics(nics, refuse);
  for (const line of ["com2", "com3", "com4", "hvc0"] as const) {
    if ((consoles[line] ?? "none") !== "none") refuse(`consoles.${line}`, "vmd has one serial line; write com1");
  }
  if (power.reset === "halt") {
    refuse("power.reset", "vmd starts a guest again by itself, and nothing stays to be looked at; write reset or exit");
  }
  if (watchdogDevice(watchdog)) refuse("watchdog", 'vmd has no watchdog device; write { heartbeat: "10s" }');
  if (display !== "none") refuse("display", "vmd has no display; leave it out");
  if (filesystems.length > 0) refuse("filesystems", "vmd shares no folders: put the files on a disk");
  if (clock === "warp") refuse("clock", "vmd cannot warp time");
  if (rtc !== "utc") refuse("rtc", "vmd's clock chip has the host's time in UTC; write utc");
  if (record) refuse("record", "vmd cannot record a run; leave it out, or run on qemu");
  if (ports.length > 0) refuse("ports", "vmd has no virtio-serial ports: leave them out, or run on qemu");
  for (const [axis, value] of Object.entries({ uuid, smbios, numa, vsock, pcie, tpm, secureBoot, hyperv })) {
    if (value !== undefined && value !== false) refuse(axis, `vmd has no ${axisNames[axis as AbsentAxis]}`);
  }
  return refusals;
}

function refuseBoot(boot: Machine["boot"], { firmware }: Detection, refuse: Refuse): void {
  if (boot.kind === "uefi") return refuse("boot", "vmd has no UEFI; boot by pcat");
  if (boot.kind === "kernel")
    return refuse("boot", "vmd starts no kernel but OpenBSD's, which is not carried; boot by pcat");
  if (!boot.firmware && !firmware.some((each) => each.boot === "pcat")) {
    refuse("boot", "/etc/firmware/vmm-bios is not there: fw_update vmm");
  }
}

function refuseMemory(memory: Machine["memory"], refuse: Refuse): void {
  const { size, shared, prefetch, thp, hugepages, hugepageSize, file } = memory;
  if (size % mib !== 0) refuse("memory.size", "vmd takes whole MiB");
  for (const [key, value] of Object.entries({ shared, prefetch, thp, hugepages, hugepageSize, file })) {
    if (value) refuse(`memory.${key}`, "guest memory belongs to OpenBSD's vmm(4); leave it out");
  }
}

function refuseDisks(disks: Machine["disks"], { version }: Detection, refuse: Refuse): void {
  const { hasOverlays } = dialectOf(version);
  for (const [index, { bus, dvd, readOnly, persist, format }] of disks.entries()) {
    const axis = `disks[${index}]`;
    if (dvd && bus !== "scsi") refuse(`${axis}.bus`, `vmd has its optical drive on scsi, not ${bus}; write scsi`);
    if (dvd) continue;
    if (bus !== "virtio") refuse(`${axis}.bus`, `vmd has virtio disks only, not ${bus}; write virtio`);
    if (readOnly) {
      refuse(
        `${axis}.readOnly`,
        "vmd's disks can be written; leave it out: writes are thrown away unless persist is set",
      );
    }
    if (format && format !== "raw" && !(format === "qcow2" && (hasOverlays || persist))) {
      refuse(
        `${axis}.format`,
        `vmd reads raw images${hasOverlays ? " and qcow2" : ""}, not ${format}: convert it with qemu-img convert -O raw`,
      );
    }
  }
  const hard = disks.filter(({ dvd }) => !dvd).length;
  if (hard > mostDisks) refuse("disks", `vmd has at most ${mostDisks} disks, not ${hard}`);
  if (disks.length - hard > 1) refuse("disks", "vmd has one optical drive");
  if (disks.length === 0) refuse("disks", "vmd starts no VM without a disk or a disc");
}

function refuseNics(nics: Machine["nics"], refuse: Refuse): void {
  if (nics.length > mostNics) refuse("nics", `vmd has at most ${mostNics} network cards, not ${nics.length}`);
  for (const [index, { model, mac, mtu, forward }] of nics.entries()) {
    if (model !== "virtio") refuse(`nics[${index}].model`, `vmd has no ${model}; write virtio`);
    if (mtu !== undefined) refuse(`nics[${index}].mtu`, "vmd's card tells no MTU; leave it out");
    if (mac) refuse(`nics[${index}].mac`, "vmd chooses the MAC address itself; leave it out");
    if (forward.length > 0) {
      refuse(`nics[${index}].forward`, "vmd forwards no ports: its guest is reached at its own address, 100.64.ID.3");
    }
  }
}
