import { dirname, join } from "node:path";
import type { Host } from "../../host/host.ts";
import type { AcceleratorFinding, Detection, DetectSettings, FirmwareFinding, Vmm } from "../contract.ts";
import { readDouble } from "../double.ts";
import { unreadable } from "../named-firmware.ts";
import { osRelease } from "../os-release.ts";
import { type ProbeLimit, probeAccelerator, probeDisk } from "../probe.ts";
import { oldestRelease } from "./dialect.ts";

const firmwareDir = "/usr/local/share/uefi-firmware";

const absent: Detection = { vmm: "bhyve", present: false, notes: [], fixes: [], accelerators: [], firmware: [] };

export async function detectBhyve(vmm: Vmm, host: Host, settings: DetectSettings): Promise<Detection> {
  const { bhyve: named } = settings.overrides;
  const binary = host.which(named ?? "bhyve");
  if (!binary) {
    if (named)
      return lacking(
        `${named}, named by PETRI_BHYVE, is not a program`,
        "set PETRI_BHYVE to bhyve's path, or unset it",
      );
    if (host.platform !== "freebsd") return { ...lacking("bhyve needs a FreeBSD host"), needsHost: "FreeBSD" };
    return lacking("bhyve is not on PATH", "it is part of FreeBSD's base system: add /usr/sbin to PATH");
  }
  const double = readDouble(host, binary);
  const version = double?.release ?? (await osRelease(host, settings.signal));
  const known = { binary, ...(version && { version }), ...(double && { isDouble: true }) };
  if (version === undefined || Number.parseInt(version, 10) < oldestRelease) {
    return {
      ...lacking(`FreeBSD ${version ?? "of unknown release"} is too old: ${oldestRelease}.0 is the oldest that works`),
      ...known,
    };
  }
  const tools = ["bhyvectl", "grub-bhyve"].map((name) => [
    name,
    host.which(join(dirname(binary), name)) ?? host.which(name),
  ]);
  const missing = tools.filter(([, path]) => path === undefined).map(([name]) => name);
  if (missing.includes("bhyvectl"))
    return { ...lacking("bhyvectl is not beside bhyve", "reinstall FreeBSD's base system"), ...known };
  if (!double && !host.readable("/dev/vmmctl") && host.list("/dev/vmm").length === 0 && !host.readable("/dev/vmm")) {
    return { ...lacking("/dev/vmm is not there or not ours to use", "kldload vmm, and run as root"), ...known };
  }
  return await proven(vmm, host, settings, { ...absent, ...known, present: true }, missing);
}

async function proven(
  vmm: Vmm,
  host: Host,
  settings: DetectSettings,
  soFar: Detection,
  missing: readonly (string | undefined)[],
): Promise<Detection> {
  const { uefiCode: PETRI_UEFI_CODE, uefiNvram: PETRI_UEFI_NVRAM } = settings.overrides;
  const named = soFar.isDouble ? {} : { PETRI_UEFI_CODE, PETRI_UEFI_NVRAM };
  const cannot = unreadable(host, named);
  const firmware = cannot.length > 0 ? [] : findFirmware(host, soFar, named.PETRI_UEFI_CODE, named.PETRI_UEFI_NVRAM);
  const notes = cannot.map((each) => `${each} cannot be read`);
  const fixes = cannot.length > 0 ? ["name firmware that is there, or unset it"] : [];
  if (missing.includes("grub-bhyve")) {
    notes.push("grub-bhyve is not here: no kernel can be booted directly");
    fixes.push("pkg install grub2-bhyve");
  }
  if (cannot.length === 0 && !firmware.some(({ boot }) => boot === "uefi")) {
    notes.push("no UEFI firmware found");
    fixes.push("pkg install edk2-bhyve");
  }
  if (soFar.isDouble) notes.push("a double: it stands for the real bhyve, and proves nothing of it");
  const found = { ...soFar, firmware, notes, fixes, unreadable: cannot };
  return { ...found, accelerators: [await probe(vmm, host, found, settings.signal)] };
}

async function probe(
  vmm: Vmm,
  host: Host,
  found: Detection,
  signal: AbortSignal | undefined,
): Promise<AcceleratorFinding> {
  const limit: ProbeLimit = { ms: 60_000, isLastResort: true, needsLongMode: false, signal };
  const can = (boot: "kernel" | "uefi") => found.firmware.some((each) => each.boot === boot);
  if (can("kernel")) return await probeAccelerator(vmm, host, found, "bhyve-vmm", limit);
  if (!can("uefi")) return { name: "bhyve-vmm", works: false, reason: "there is nothing to boot a guest with" };
  return await probeAccelerator(vmm, host, found, "bhyve-vmm", { ...limit, machine: probeDisk });
}

function findFirmware(
  host: Host,
  { isDouble, binary = "" }: Detection,
  code?: string,
  nvram?: string,
): FirmwareFinding[] {
  const found: FirmwareFinding[] = [];
  const add = (code: string, nvram: string | undefined, name: string, source: string) => {
    if (!host.readable(code)) return;
    found.push({ boot: "uefi", code, ...(nvram && host.readable(nvram) ? { nvram } : {}), name, source });
  };
  if (code) add(code, nvram, "named by the user", "PETRI_UEFI_CODE");
  if (isDouble) {
    for (const pair of readDouble(host, binary)?.uefi ?? []) add(pair[0], pair[1], "OVMF", "stands for edk2-bhyve");
  } else {
    add(join(firmwareDir, "BHYVE_UEFI_CODE.fd"), join(firmwareDir, "BHYVE_UEFI_VARS.fd"), "edk2-bhyve", "known path");
    add(join(firmwareDir, "BHYVE_UEFI.fd"), undefined, "edk2-bhyve", "known path");
  }
  const loader = host.which(join(dirname(binary), "grub-bhyve")) ?? host.which("grub-bhyve");
  if (loader) found.push({ boot: "kernel", code: loader, name: "grub-bhyve", source: "the loader of kernels" });
  return found;
}

function lacking(note: string, fix?: string): Detection {
  return { ...absent, notes: [note], fixes: fix === undefined ? [] : [fix] };
}
