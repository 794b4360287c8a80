import { join } from "node:path";
import { UnsupportedError } from "../../machine/errors.ts";
import {
  type ConsoleName,
  type consoleNames,
  type Machine,
  type WatchdogName,
  watchdogDevice,
} from "../../machine/machine.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import type { Detection, RunPaths, VmmPlan } from "../contract.ts";
import { clockArguments } from "./clock.ts";
import { deviceLog, deviceTrace } from "./device-log.ts";
import { diskArguments, escapeOption } from "./disks.ts";
import { needPipes, recordingArguments } from "./recording.ts";
import { identityArguments } from "./smbios.ts";
import { pickAccelerator, qemuSupport, resolveChipset, uefiFirmware } from "./support.ts";
import { needsSharedMemory, planVsock } from "./vsock.ts";

/** Lowers a machine to one QEMU command line. Pure; throws UnsupportedError with every reason. */
export function planQemu(machine: Machine, paths: RunPaths, detection: Detection, wanted?: AcceleratorName): VmmPlan {
  const chipset = resolveChipset(machine);
  const { consoles, fifos, args: consoleArgs } = consoleArguments(machine, paths, chipset);
  const ports = planPorts(machine, paths);
  const control = join(paths.runDir, "control");
  const { accelerator, run, boot, watchdog, vsock } = lowerQemu(machine, paths, detection, wanted, {
    start: ["-S", ...recordingArguments(machine, paths)],
    // Everything stops the guest and waits: the harness decides, on one path for all actions (power-events §3.4).
    power: ["-action", "reboot=shutdown,shutdown=pause,panic=pause,watchdog=pause"],
    log: deviceTrace.concat(["-D", join(paths.runDir, deviceLog)]),
    control: ["-chardev", `socket,id=control,path=${escapeOption(control)}`, "-mon", "chardev=control,mode=control"],
    consoles: [...consoleArgs, ...ports.args],
  });
  needPipes(machine, paths);
  return {
    vmm: "qemu",
    accelerator,
    run,
    consoles,
    ...(fifos.length > 0 ? { fifos } : {}),
    control,
    ...(machine.ports.length > 0 ? { ports: ports.paths } : {}),
    ...(vsock.plan ? { vsock: vsock.plan } : {}),
    copies: boot.copies,
    firmware: boot.firmware,
    isPersistent: machine.disks.some((disk) => disk.persist) || machine.record === true,
    ...(machine.record ? { isRecorded: true } : {}),
    ...(paths.replay ? { isReplay: true } : {}),
    ...(watchdog ? { watchdog } : {}),
    notes: vsock.notes,
  };
}

/** What is about who watches the machine: the arguments that a harness and a person write differently. */
export interface Wiring {
  readonly start: readonly string[];
  readonly power: readonly string[];
  /** Empty where nobody reads it. */
  readonly log: readonly string[];
  readonly control: readonly string[];
  readonly consoles: readonly string[];
}

/** The command line of a machine under that wiring. Throws UnsupportedError with every reason. */
export function lowerQemu(
  machine: Machine,
  paths: RunPaths,
  detection: Detection,
  wanted: AcceleratorName | undefined,
  wiring: Wiring,
) {
  const refusals = qemuSupport(machine, detection, wanted);
  if (refusals.length > 0) {
    throw UnsupportedError.of(
      refusals.map(({ axis, reason }) => `${axis}: ${reason}`),
      "QEMU cannot run this machine",
    );
  }
  const accelerator = pickAccelerator(machine, detection, wanted) ?? "tcg";
  const chipset = resolveChipset(machine);
  const boot = bootArguments(machine, paths, detection);
  const asked = watchdogDevice(machine.watchdog);
  const watchdog = asked === "any" ? "i6300esb" : asked;
  const vsock = planVsock(machine, paths, chipset);
  const args = [
    ...["-name", machine.name, "-nodefaults", "-no-user-config", ...wiring.start],
    ...["-machine", machineOption(machine, chipset), "-accel", accelerator === "whp" ? "whpx" : accelerator],
    ...cpuArguments(machine, accelerator, detection),
    ...memoryArguments(machine),
    ...identityArguments(machine),
    ...clockArguments(machine),
    ...displayArguments(machine),
    ...wiring.power,
    ...(accelerator === "tcg" && wiring.log.length > 0 ? ["-d", "cpu_reset"] : []),
    ...wiring.log,
    ...(chipset === "microvm" ? [] : ["-device", "pvpanic"]),
    ...wiring.control,
    ...wiring.consoles,
    ...boot.args,
    ...diskArguments(machine, chipset),
    ...nicArguments(machine, chipset),
    ...filesystemArguments(machine, chipset),
    ...(machine.rng ? ["-device", chipset === "microvm" ? "virtio-rng-device" : "virtio-rng-pci"] : []),
    ...vsock.args,
    ...watchdogArguments(watchdog),
    ...(machine.vmmOptions?.qemu ?? []),
  ];
  return { accelerator, run: { file: detection.binary ?? "qemu-system-x86_64", args }, boot, watchdog, vsock };
}

function machineOption(machine: Machine, chipset: string): string {
  // Without ACPI microvm boots reliably under TCG (baselines §1b).
  const base = chipset === "microvm" ? "microvm,acpi=off" : chipset;
  return usesBackend(machine) ? `${base},memory-backend=ram` : base;
}

/** The model that -cpu names; none where QEMU's default one will do. */
export function cpuModel(
  { processors }: Machine,
  accelerator: AcceleratorName,
  detection: Detection,
): string | undefined {
  const proven = detection.accelerators.find((each) => each.name === accelerator)?.cpuModel;
  const name = processors.model ?? proven ?? (accelerator === "tcg" ? undefined : "host");
  // QEMU's default model under TCG is named when a feature has to hang on it.
  return processors.features.length > 0 ? (name ?? "qemu64") : name;
}

function cpuArguments(machine: Machine, accelerator: AcceleratorName, detection: Detection): string[] {
  const { count, sockets, cores, threads, features } = machine.processors;
  const model = cpuModel(machine, accelerator, detection);
  const cpu = model === undefined ? undefined : [model, ...features].join(",");
  const topology = Object.entries({ sockets, cores, threads }).flatMap(([key, n]) => (n ? [`${key}=${n}`] : []));
  return [...(cpu ? ["-cpu", cpu] : []), "-smp", [`cpus=${count}`, ...topology].join(",")];
}

/** RAM of QEMU's own is private; any other has to be said, and is then shared unless that is said too. */
export function usesBackend(machine: Machine): boolean {
  const { memory } = machine;
  return (
    needsSharedMemory(machine) ||
    memory.shared === true ||
    memory.file !== undefined ||
    memory.hugepages ||
    memory.prefetch
  );
}

function memoryArguments(machine: Machine): string[] {
  const { size, shared, prefetch, hugepages, hugepageSize, file } = machine.memory;
  if (!usesBackend(machine)) return ["-m", `size=${size}B`];
  const kind = file ? `memory-backend-file,mem-path=${escapeOption(file)}` : "memory-backend-memfd";
  const parts = [
    `${kind},id=ram,size=${size}B,share=${shared === false ? "off" : "on"}`,
    ...(prefetch ? ["prealloc=on"] : []),
    ...(hugepages ? ["hugetlb=on"] : []),
    ...(hugepageSize ? [`hugetlbsize=${hugepageSize}B`] : []),
  ];
  return ["-m", `size=${size}B`, "-object", parts.join(",")];
}

function displayArguments({ display }: Machine): string[] {
  if (display === "none") return ["-display", "none", "-vga", "none"];
  if (display === "headless") return ["-display", "none", "-vga", "std"];
  const { listen, port } = display.vnc;
  // QEMU counts displays from port 5900 (qemu(1), "-vnc").
  return ["-vga", "std", "-vnc", `${listen.includes(":") ? `[${listen}]` : listen}:${port - 5900}`];
}

function consoleArguments(machine: Machine, paths: RunPaths, chipset: string) {
  const consoles: Partial<Record<ConsoleName, string>> = {};
  const args: string[] = [];
  const ports = ["com1", "com2", "com3", "com4"] as const;
  const last = ports.findLastIndex((name) => isRecorded(machine, name));
  const fifos: ConsoleName[] = [];
  const chardev = (name: ConsoleName, kind: "socket" | "pipe" = "socket") => {
    const path = join(paths.runDir, name);
    consoles[name] = path;
    if (kind === "pipe") fifos.push(name);
    return ["-chardev", `${kind},id=${name},path=${escapeOption(path)}`];
  };
  for (const name of ports.slice(0, last + 1)) {
    if (isRecorded(machine, name))
      args.push(...chardev(name, paths.hasFifos ? "pipe" : "socket"), "-serial", `chardev:${name}`);
    else args.push("-serial", "none");
  }
  const hasHvc0 = isRecorded(machine, "hvc0");
  if (hasHvc0) args.push(...chardev("hvc0"));
  if (hasHvc0 || machine.ports.length > 0) {
    args.push("-device", chipset === "microvm" ? "virtio-serial-device" : "virtio-serial-pci");
  }
  if (hasHvc0) args.push("-device", "virtconsole,chardev=hvc0");
  return { consoles, fifos, args };
}

function planPorts(machine: Machine, paths: RunPaths): { args: string[]; paths: Record<string, string> } {
  const sockets = machine.ports.map((name, index) => [name, join(paths.runDir, `port${index}`)] as const);
  const args = sockets.flatMap(([name, path], index) => [
    ...["-chardev", `socket,id=port${index},path=${escapeOption(path)}`],
    ...["-device", `virtserialport,chardev=port${index},name=${name}`],
  ]);
  return { args, paths: Object.fromEntries(sockets) };
}

function isRecorded(machine: Machine, name: (typeof consoleNames)[number]): boolean {
  return (machine.consoles[name] ?? "none") !== "none";
}

function bootArguments(machine: Machine, paths: RunPaths, detection: Detection) {
  const { boot } = machine;
  const copies: { from: string; to: string }[] = [];
  const direct =
    boot.kind === "pcat" || boot.kernel === undefined
      ? []
      : [
          ...["-kernel", boot.kernel],
          ...(boot.initrd ? ["-initrd", boot.initrd] : []),
          ...(boot.cmdline ? ["-append", boot.cmdline] : []),
        ];
  if (boot.kind !== "uefi") {
    const bios = boot.kind === "pcat" && boot.firmware ? ["-bios", boot.firmware] : [];
    return { args: [...bios, ...direct], copies, firmware: "seabios" as const };
  }
  const { code, nvram } = uefiFirmware(boot, detection);
  const args = ["-drive", `if=pflash,unit=0,format=raw,readonly=on,file=${escapeOption(code)}`];
  if (nvram) {
    const own = join(paths.runDir, "nvram.fd");
    copies.push({ from: nvram, to: own });
    args.push("-drive", `if=pflash,unit=1,format=raw,file=${escapeOption(own)}`);
  }
  return { args: [...args, ...direct], copies, firmware: "ovmf" as const };
}

function nicArguments(machine: Machine, chipset: string): string[] {
  const devices = {
    virtio: chipset === "microvm" ? "virtio-net-device" : "virtio-net-pci",
    e1000: "e1000",
    rtl8139: "rtl8139",
    ne2k: "ne2k_pci",
  };
  return machine.nics.flatMap((nic, index) => {
    const forwards = nic.forward.map(
      ({ protocol, hostAddress, hostPort, guestPort }) =>
        `hostfwd=${protocol}:${hostAddress}:${hostPort}-:${guestPort}`,
    );
    // No option ROM: network boot is not asked for, and the ROMs are in a package of their own.
    const rom = chipset === "microvm" ? [] : ["romfile="];
    const device = [
      devices[nic.model],
      `netdev=nic${index}`,
      ...(nic.mtu === undefined ? [] : [`host_mtu=${nic.mtu}`]),
      ...(nic.mac ? [`mac=${nic.mac.replaceAll("-", ":")}`] : []),
      ...rom,
    ];
    if (nic.backend === "none") device.splice(1, 1);
    return [
      ...(nic.backend === "user" ? ["-netdev", ["user", `id=nic${index}`, ...forwards].join(",")] : []),
      ...["-device", device.join(",")],
    ];
  });
}

function filesystemArguments({ filesystems }: Machine, chipset: string): string[] {
  const device = chipset === "microvm" ? "virtio-9p-device" : "virtio-9p-pci";
  return filesystems.flatMap(({ tag, path, readOnly }, index) => {
    // Files of several host file systems may have one inode number; QEMU then gives them new ones (qemu(1), "-fsdev").
    const share = ["local", `id=fs${index}`, `path=${escapeOption(path)}`, "security_model=none", "multidevs=remap"];
    return [
      ...["-fsdev", [...share, ...(readOnly ? ["readonly=on"] : [])].join(",")],
      ...["-device", `${device},fsdev=fs${index},mount_tag=${tag}`],
    ];
  });
}

function watchdogArguments(watchdog: WatchdogName | undefined): string[] {
  switch (watchdog) {
    case undefined:
    case "wdat":
      return [];
    case "ib700":
      return ["-device", "ib700"];
    case "itco":
      // QEMU 7.2 leaves iTCO inert until its no-reboot strap is off (contracts §1.6).
      return ["-global", "ICH9-LPC.noreboot=off"];
    case "i6300esb":
      return ["-device", "i6300esb"];
  }
}
