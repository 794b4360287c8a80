import { join } from "node:path";
import type { VsockPlan } from "../../host/vsock/vsock.ts";
import { UnsupportedError } from "../../machine/errors.ts";
import { type ConsoleName, consoleNames, type Machine, watchdogDevice } from "../../machine/machine.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import { parseAction } from "../../power/action.ts";
import type { Detection, RunPaths, VmmPlan } from "../contract.ts";
import { type Conversion, diskArguments } from "./disks.ts";
import { PciePorts } from "./pcie-ports.ts";
import { openvmmSupport, pickAccelerator } from "./support.ts";

/**
 * The status with which OpenVMM ends for each kind of event, where the machine's action is to exit: none that it has
 * of its own (0 quit, 1 failed, 2 usage, 101 and 134 panics).
 */
const exitCodes = { reset: 10, shutdown: 11, crash: 12, watchdog: 13 } as const;

/** Lowers a machine to one OpenVMM command line. Pure; throws UnsupportedError with every reason. */
export function planOpenvmm(
  machine: Machine,
  paths: RunPaths,
  detection: Detection,
  wanted?: AcceleratorName,
): VmmPlan {
  const refusals = openvmmSupport(machine, detection, wanted);
  if (refusals.length > 0) {
    throw UnsupportedError.of(
      refusals.map(({ axis, reason }) => `${axis}: ${reason}`),
      "OpenVMM cannot run this machine",
    );
  }
  const accelerator = pickAccelerator(detection, wanted) ?? "kvm";
  const ports = new PciePorts(machine.boot.kind !== "pcat");
  const consoles = consolePaths(machine, paths);
  const vsock = vsockOf(machine, paths);
  const disks = diskArguments(machine, paths, ports);
  const power = powerArguments(machine);
  const devices = [
    ...disks.args,
    ...nicArguments(machine, ports),
    ...filesystemArguments(machine, ports),
    ...(machine.rng ? ["--virtio-rng", ...ports.option("--virtio-rng-pcie-port")] : []),
    ...consoleArguments(consoles, ports),
    ...vsock.args,
  ];
  const args = [
    "--paused",
    // It is the double's, and no word of OpenVMM's.
    ...(accelerator === "tcg" ? [] : ["--hypervisor", accelerator]),
    ...processorArguments(machine),
    ...["--memory", memoryOption(machine)],
    ...bootArguments(machine, detection, consoles),
    ...(machine.boot.kind === "kernel" && disks.needsVmbus ? ["--hv"] : []),
    ...ports.topology(),
    ...devices,
    ...displayArguments(machine),
    ...["--pidfile", join(paths.runDir, "pid")],
    ...power.args,
    ...(machine.vmmOptions?.openvmm ?? []),
  ];
  return {
    vmm: "openvmm",
    accelerator,
    run: { file: detection.binary ?? "openvmm", args },
    consoles,
    control: join(paths.runDir, "control"),
    ...(vsock.plan ? { vsock: vsock.plan } : {}),
    copies: [],
    ...(disks.conversions.length > 0 ? { conversions: disks.conversions } : {}),
    exits: power.exits,
    firmware: "none",
    isPersistent: machine.disks.some((disk) => disk.persist),
    ...(watchdogDevice(machine.watchdog) ? { watchdog: "wdat" } : {}),
    notes: [
      ...(detection.isDouble ? ["this OpenVMM is a contract double: what it shows of OpenVMM is its interface"] : []),
      ...disks.conversions.map(({ from, format }: Conversion) => `${from} is ${format}: a raw copy of it is used`),
    ],
  };
}

function consolePaths(machine: Machine, paths: RunPaths): Partial<Record<ConsoleName, string>> {
  const recorded = consoleNames.filter((name) => (machine.consoles[name] ?? "none") !== "none");
  return Object.fromEntries(recorded.map((name) => [name, join(paths.runDir, name)]));
}

function consoleArguments(consoles: VmmPlan["consoles"], ports: PciePorts): string[] {
  return consoleNames.flatMap((name) => {
    const path = consoles[name];
    // OpenVMM's own terminal is com1 unless that is said otherwise.
    if (path === undefined) return name === "com1" ? ["--com1", "none"] : [];
    if (name !== "hvc0") return [`--${name}`, `listen=${path}`];
    return ["--virtio-console", `listen=${path}`, ...ports.option("--virtio-console-pcie-port")];
  });
}

function processorArguments({ processors }: Machine): string[] {
  const { count, sockets, cores, threads } = processors;
  const perSocket = sockets === undefined && cores === undefined ? undefined : (count / (sockets ?? 1)) | 0;
  return [
    ...["--processors", String(count)],
    ...(perSocket === undefined ? [] : ["--vps-per-socket", String(perSocket)]),
    ...(threads === undefined ? [] : ["--smt", threads === 2 ? "force" : "off"]),
  ];
}

function memoryOption({ memory }: Machine): string {
  const { size, shared, prefetch, thp, hugepages, hugepageSize, file } = memory;
  const flag = (name: string, value: boolean | undefined) =>
    value === undefined ? [] : [`${name}=${value ? "on" : "off"}`];
  return [
    `size=${size}`,
    ...flag("shared", shared),
    ...flag("prefetch", prefetch || undefined),
    ...flag("thp", thp),
    ...flag("hugepages", hugepages || undefined),
    ...(hugepageSize ? [`hugepage_size=${hugepageSize}`] : []),
    ...(file ? [`file=${file}`] : []),
  ].join(",");
}

function bootArguments({ boot, disks }: Machine, detection: Detection, consoles: VmmPlan["consoles"]): string[] {
  const found = detection.firmware.find((each) => each.boot === boot.kind);
  switch (boot.kind) {
    case "uefi":
      return [
        ...["--uefi", "--uefi-firmware", boot.firmware ?? found?.code ?? ""],
        // Without it the firmware says nothing on a serial line.
        ...(consoles.com1 === undefined ? [] : ["--uefi-console-mode", "com1"]),
        ...(boot.frontpage ? [] : ["--disable-frontpage"]),
      ];
    case "pcat": {
      const vga = boot.firmware ? undefined : found?.vgaBios;
      const media = disks.map((disk) => (disk.dvd ? "optical" : disk.bus === "floppy" ? "floppy" : "hdd"));
      return [
        ...["--pcat", "--pcat-firmware", boot.firmware ?? found?.code ?? ""],
        ...(vga ? ["--vga-firmware", vga] : []),
        ...(media.length > 0 ? ["--pcat-boot-order", [...new Set(media)].join(",")] : []),
      ];
    }
    case "kernel":
      return [
        ...["--kernel", boot.kernel],
        ...(boot.initrd ? ["--initrd", boot.initrd] : []),
        // In one word: it may begin with a dash.
        ...(boot.cmdline ? [`--cmdline=${boot.cmdline}`] : []),
      ];
  }
}

function nicArguments({ nics }: Machine, ports: PciePorts): string[] {
  return nics.flatMap(({ backend, forward }) => {
    const forwards = forward.map(({ protocol, hostAddress, hostPort, guestPort }) => {
      const address = hostAddress.includes(":") ? `[${hostAddress}]` : hostAddress;
      return `hostfwd=${protocol}:${address}:${hostPort}-:${guestPort}`;
    });
    const endpoint = forwards.length > 0 ? `consomme:${forwards.join(",")}` : "consomme";
    return ["--virtio-net", `${ports.prefix()}${backend === "user" ? endpoint : "none"}`];
  });
}

function filesystemArguments({ filesystems }: Machine, ports: PciePorts): string[] {
  return filesystems.flatMap(({ tag, path }) => ["--virtio-9p", `${ports.prefix()}${tag},${path}`]);
}

function displayArguments({ display }: Machine): string[] {
  if (typeof display !== "object") return [];
  return ["--gfx", "--vnc-port", String(display.vnc.port), "--vnc-listen", display.vnc.listen];
}

function vsockOf({ boot, vsock }: Machine, { runDir }: RunPaths): { args: string[]; plan?: VsockPlan } {
  if (!vsock) return { args: [] };
  const path = join(runDir, "vsock");
  const plan = { transport: "hybrid", path } as const;
  // Only a guest without VMBus needs the virtio device, which on Linux has no PCI bus to be on.
  if (boot.kind !== "kernel") return { args: ["--vmbus-vsock-path", path], plan };
  return { args: ["--virtio-vsock-path", path, "--virtio-vsock-bus", "mmio"], plan };
}

/**
 * OpenVMM keeps a guest that did something standing until it is told what next; it ends by itself where the machine
 * ends then anyway, with a status that says why.
 */
function powerArguments({ power, watchdog }: Machine) {
  const kinds = (["reset", "shutdown", "crash", "watchdog"] as const).filter(
    (kind) => kind !== "watchdog" || watchdogDevice(watchdog),
  );
  const ends = kinds.filter((kind) => parseAction(power[kind]).action === "exit");
  return {
    args: [
      ...(kinds.includes("watchdog") ? ["--guest-watchdog"] : []),
      ...kinds.flatMap((kind) => [`--guest-${kind}-action`, ends.includes(kind) ? `exit:${exitCodes[kind]}` : "halt"]),
    ],
    exits: Object.fromEntries(ends.map((kind) => [kind, exitCodes[kind]])),
  };
}
