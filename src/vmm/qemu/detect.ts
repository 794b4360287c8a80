import type { Host } from "../../host/host.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import type { AcceleratorFinding, Detection, DetectSettings, Vmm } from "../contract.ts";
import { type ProbeLimit, probeAccelerator } from "../probe.ts";
import { askCpuNames } from "./cpu-models.ts";
import { findFirmware } from "./firmware.ts";
import { findVsock } from "./vsock.ts";

const oldest = [6, 2] as const;

/** Besides tcg, what each platform may have. */
const native: Partial<Record<NodeJS.Platform, AcceleratorName>> = { linux: "kvm", darwin: "hvf", win32: "whp" };

export async function detectQemu(vmm: Vmm, host: Host, settings: DetectSettings): Promise<Detection> {
  const absent: Detection = { vmm: "qemu", present: false, notes: [], fixes: [], accelerators: [], firmware: [] };
  const named = settings.overrides.qemu;
  const mend = "set PETRI_QEMU to QEMU's path, or unset it";
  const binary = host.which(named ?? "qemu-system-x86_64");
  if (!binary) {
    return {
      ...absent,
      notes: [named ? `${named}, named by PETRI_QEMU, is not a program` : "qemu-system-x86_64 is not on PATH"],
      fixes: named ? [mend] : ["sudo apt-get install -y qemu-system-x86 ovmf"],
    };
  }
  const version = await versionOf(host, binary, settings.signal);
  if (version === undefined) {
    return {
      ...absent,
      binary,
      notes: [`${binary} does not answer --version as QEMU does`],
      fixes: named ? [mend] : ["sudo apt-get install -y --reinstall qemu-system-x86"],
    };
  }
  if (isOlder(version)) {
    return {
      ...absent,
      binary,
      version,
      notes: [`QEMU ${version} is too old: ${oldest.join(".")} is the oldest that works`],
      fixes: ["install a newer qemu-system-x86, or set PETRI_QEMU to one"],
    };
  }
  const { found, missing } = findFirmware(host, settings.overrides);
  const known = { binary, version, firmware: found, unreadable: missing, vsock: findVsock(host) };
  const soFar: Detection = { ...absent, present: true, ...known };
  const accelerators = await probeAll(vmm, host, soFar, settings);
  return {
    ...soFar,
    accelerators,
    ...(missing.length > 0
      ? { notes: missing.map((each) => `${each} cannot be read`), fixes: ["name firmware that is there, or unset it"] }
      : found.length === 0
        ? { notes: ["no UEFI firmware found"], fixes: ["sudo apt-get install -y ovmf"] }
        : {}),
  };
}

async function probeAll(vmm: Vmm, host: Host, soFar: Detection, settings: DetectSettings) {
  const { signal } = settings;
  const candidate = native[host.platform];
  const tcg = await probeAccelerator(vmm, host, soFar, "tcg", {
    ms: 60_000,
    isLastResort: true,
    needsLongMode: true,
    signal,
  });
  const findings: AcceleratorFinding[] = [tcg];
  if (candidate) {
    // A working one is faster than tcg. One that is several times slower traps and emulates what it cannot run: a
    // small guest gets through in seconds, a kernel never does.
    const ms = 1_000 + 3 * (tcg.bootMs ?? 0);
    const isThere = candidate !== "kvm" || host.readable("/dev/kvm");
    findings.unshift(
      isThere
        ? await probeNative(vmm, host, soFar, candidate, { ms, isLastResort: false, needsLongMode: true, signal })
        : { name: candidate, works: false, reason: "/dev/kvm is not there or not ours to open" },
    );
  }
  const withCpu = findings.map(async (finding) => {
    if (!finding.works) return finding;
    const cpu = await askCpuNames(host, soFar.binary ?? "", finding.name, signal);
    return cpu === undefined ? finding : { ...finding, cpu };
  });
  return await Promise.all(withCpu);
}

// QEMU may refuse the host's own CPU model where a plainer one runs (MSRs a nested host lacks), so a refusal of the
// first is not yet an answer.
async function probeNative(vmm: Vmm, host: Host, soFar: Detection, name: AcceleratorName, limit: ProbeLimit) {
  const first = await probeAccelerator(vmm, host, soFar, name, limit);
  if (first.works) return first;
  const second = await probeAccelerator(vmm, host, soFar, name, { ...limit, cpuModel: "qemu64" });
  if (second.works) return { ...second, reason: `${second.reason} with -cpu qemu64; with -cpu host: ${first.reason}` };
  return first.reason === second.reason
    ? first
    : { ...second, reason: `with -cpu qemu64 ${second.reason}; with -cpu host ${first.reason}` };
}

async function versionOf(host: Host, binary: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    const { stdout } = await host.run(binary, ["--version"], { timeoutMs: 10_000, ...(signal ? { signal } : {}) });
    return /^QEMU emulator version (\d+\.\d+(?:\.\d+)?)/m.exec(stdout.toString())?.[1];
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
}
