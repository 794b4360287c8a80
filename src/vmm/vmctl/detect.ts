import type { Host } from "../../host/host.ts";
import type { MachineInput } from "../../machine/machine.ts";
import type { AcceleratorFinding, Detection, DetectSettings, FirmwareFinding, Vmm } from "../contract.ts";
import { readDouble } from "../double.ts";
import { osRelease } from "../os-release.ts";
import { type ProbeLimit, probeAccelerator, probeDisk } from "../probe.ts";
import { oldestRelease } from "./dialect.ts";

const biosFile = "/etc/firmware/vmm-bios";
const socket = "/var/run/vmd.sock";

const absent: Detection = { vmm: "vmctl", present: false, notes: [], fixes: [], accelerators: [], firmware: [] };

export async function detectVmctl(vmm: Vmm, host: Host, settings: DetectSettings): Promise<Detection> {
  const { vmctl: named } = settings.overrides;
  const binary = host.which(named ?? "vmctl");
  if (!named && host.platform !== "openbsd") return { ...lacking("vmctl needs an OpenBSD host"), needsHost: "OpenBSD" };
  if (!binary) {
    return named
      ? lacking(`${named}, named by PETRI_VMCTL, is not a program`, "set PETRI_VMCTL to vmctl's path, or unset it")
      : lacking("vmctl is not on PATH", "it is part of OpenBSD's base system: add /usr/sbin to PATH");
  }
  const double = readDouble(host, binary);
  const version = double?.openbsd ?? (await osRelease(host, settings.signal));
  const known = { binary, ...(version && { version }), ...(double && { isDouble: true }) };
  if (version === undefined || Number.parseFloat(version) < oldestRelease) {
    return {
      ...lacking(`OpenBSD ${version ?? "of unknown release"} is too old: ${oldestRelease} is the oldest that works`),
      ...known,
    };
  }
  const refused = await refusalOf(host, binary, settings.signal);
  if (refused) return { ...lacking(...refused), ...known };
  const firmware = findBios(host, double?.pcat ?? [biosFile]);
  const found: Detection = {
    ...{ ...absent, ...known, present: true, firmware },
    notes: [
      ...(firmware.length === 0 ? [`${biosFile} is not there: no disk can be booted`] : []),
      ...(double ? ["a double: it stands for the real vmctl and vmd, and proves nothing of them"] : []),
    ],
    fixes: firmware.length === 0 ? ["fw_update vmm"] : [],
  };
  return { ...found, accelerators: [await probe(vmm, host, found, settings.signal)] };
}

const probeMachine: MachineInput = {
  ...probeDisk,
  boot: { kind: "pcat" },
  disks: (probeDisk.disks ?? []).map((disk) => ({ ...disk, bus: "virtio" })),
};

async function probe(
  vmm: Vmm,
  host: Host,
  found: Detection,
  signal: AbortSignal | undefined,
): Promise<AcceleratorFinding> {
  if (found.firmware.length === 0) return { name: "vmm", works: false, reason: `${biosFile} is not there` };
  const limit: ProbeLimit = { ms: 60_000, isLastResort: true, needsLongMode: false, signal, machine: probeMachine };
  return await probeAccelerator(vmm, host, found, "vmm", limit);
}

/** Why vmd does not answer us, and what mends it. */
async function refusalOf(
  host: Host,
  binary: string,
  signal: AbortSignal | undefined,
): Promise<[note: string, fix: string] | undefined> {
  try {
    await host.run(binary, ["status"], { timeoutMs: 10_000, ...(signal ? { signal } : {}) });
    return undefined;
  } catch (error) {
    signal?.throwIfAborted();
    const { message } = error as Error;
    if (/Permission denied/.test(message)) {
      return [`${socket} is not ours to use`, 'run as root, or give your user a "socket owner" line in /etc/vm.conf'];
    }
    if (/No such file or directory|Connection refused/.test(message)) {
      return ["vmd does not run", "rcctl enable vmd && rcctl start vmd"];
    }
    if (/did not end within/.test(message)) return ["vmd does not answer", "rcctl restart vmd, or restart the host"];
    return [`${binary} does not answer as OpenBSD's vmctl does: ${message.split("\n")[0]}`, "set PETRI_VMCTL to it"];
  }
}

function findBios(host: Host, paths: readonly string[]): FirmwareFinding[] {
  const code = paths.find((path) => host.readable(path));
  return code === undefined ? [] : [{ boot: "pcat", code, name: "SeaBIOS", source: "vmd's own" }];
}

function lacking(note: string, fix?: string): Detection {
  return { ...absent, notes: [note], fixes: fix === undefined ? [] : [fix] };
}
