import { dirname, join } from "node:path";
import type { Host } from "../../host/host.ts";
import type { AcceleratorName } from "../../machine/placement.ts";
import type { AcceleratorFinding, Detection, DetectSettings, FirmwareFinding, Vmm } from "../contract.ts";
import { unreadable } from "../named-firmware.ts";
import { probeAccelerator, probeKernel64 } from "../probe.ts";

/** What a machine may come to besides `--help`'s oldest words: an OpenVMM without them is too old for Petri. */
const dialect = [
  "--paused",
  "--virtio-blk",
  "--pcie-root-port",
  "--pidfile",
  "--guest-reset-action",
  "--guest-crash-action",
];

/** Device nodes of Linux's accelerators. */
const nodes = { mshv: "/dev/mshv", kvm: "/dev/kvm" } as const;
const native: Partial<Record<NodeJS.Platform, readonly AcceleratorName[]>> = {
  linux: ["mshv", "kvm"],
  darwin: ["hvf"],
  win32: ["whp"],
};

export async function detectOpenvmm(vmm: Vmm, host: Host, settings: DetectSettings): Promise<Detection> {
  const absent: Detection = { vmm: "openvmm", present: false, notes: [], fixes: [], accelerators: [], firmware: [] };
  const named = settings.overrides.openvmm;
  const binary = host.which(named ?? "openvmm");
  if (!binary) {
    return {
      ...absent,
      ...(named === undefined && { isUnasked: true }),
      notes: [named ? `${named}, named by PETRI_OPENVMM, is not a program` : "openvmm is not on PATH"],
      fixes: [`${named ? "set PETRI_OPENVMM to OpenVMM's path, or unset it" : build}`],
    };
  }
  const [version, help] = [await ask(host, binary, "--version", settings), await ask(host, binary, "--help", settings)];
  const [, number] = /^openvmm (\S+)/.exec(version ?? "") ?? [];
  if (number === undefined || help === undefined) {
    return {
      ...absent,
      binary,
      notes: [`${binary} does not answer --version and --help as OpenVMM does`],
      fixes: [build],
    };
  }
  const lacking = dialect.filter((option) => !new RegExp(`${option}\\b`).test(help));
  if (lacking.length > 0) {
    const notes = [`OpenVMM ${number} has another dialect than Petri speaks: its --help lacks ${lacking.join(", ")}`];
    return { ...absent, binary, version: number, notes, fixes: ["take a newer OpenVMM, or set PETRI_OPENVMM to one"] };
  }
  const isDouble = /\bcontract double\b/.test(version ?? "");
  const missing = unreadable(host, namedFirmware(settings));
  const soFar: Detection = {
    ...absent,
    ...{ present: true, binary, version: number, unreadable: missing },
    ...(isDouble && { isDouble }),
    firmware: findFirmware(host, binary, settings),
    notes: [
      ...(isDouble ? ["it is Petri's contract double: OpenVMM's interface, and QEMU's guests behind it"] : []),
      ...missing.map((each) => `${each} cannot be read`),
    ],
    fixes: missing.length > 0 ? ["name firmware that is there, or unset it"] : [],
  };
  return { ...soFar, accelerators: await probeAll(vmm, host, soFar, settings) };
}

const build = "build OpenVMM (https://openvmm.dev), and put it on PATH or set PETRI_OPENVMM to it";

async function ask(
  host: Host,
  binary: string,
  option: string,
  { signal }: DetectSettings,
): Promise<string | undefined> {
  try {
    const { stdout } = await host.run(binary, [option], { timeoutMs: 10_000, ...(signal ? { signal } : {}) });
    return stdout.toString();
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

function namedFirmware({ overrides }: DetectSettings): Record<string, string | undefined> {
  return { PETRI_MSVM: overrides.msvm, PETRI_PCAT: overrides.pcat, PETRI_PCAT_VGA: overrides.pcatVga };
}

/** Microsoft's firmware, which no distribution has: named by the user, or beside the program. */
function findFirmware(host: Host, binary: string, { overrides }: DetectSettings): FirmwareFinding[] {
  const beside = (file: string) => join(dirname(binary), file);
  const first = (name: string | undefined, variable: string, file: string) => {
    if (name !== undefined) return { path: name, source: variable };
    return { path: beside(file), source: "beside the program" };
  };
  const uefi = first(overrides.msvm, "PETRI_MSVM", "MSVM.fd");
  const pcat = first(overrides.pcat, "PETRI_PCAT", "vmfirmwarepcat.dll");
  const vga = first(overrides.pcatVga, "PETRI_PCAT_VGA", "vmemulateddevices.dll");
  return [
    ...(host.readable(uefi.path)
      ? [{ boot: "uefi", code: uefi.path, name: "mu_msvm", source: uefi.source } as const]
      : []),
    ...(host.readable(pcat.path)
      ? [
          {
            ...({ boot: "pcat", code: pcat.path, name: "Hyper-V PCAT", source: pcat.source } as const),
            ...(host.readable(vga.path) && { vgaBios: vga.path }),
          },
        ]
      : []),
  ];
}

async function probeAll(vmm: Vmm, host: Host, soFar: Detection, { signal }: DetectSettings) {
  const limit = { ms: 30_000, needsLongMode: true, machine: probeKernel64, signal };
  if (soFar.isDouble) return [await probeAccelerator(vmm, host, soFar, "tcg", { ...limit, isLastResort: false })];
  const findings: AcceleratorFinding[] = [];
  for (const name of native[host.platform] ?? []) {
    const node = nodes[name as keyof typeof nodes];
    findings.push(
      node === undefined || host.readable(node)
        ? await probeAccelerator(vmm, host, soFar, name, { ...limit, isLastResort: false })
        : { name, works: false, reason: `${node} is not there or not ours to open` },
    );
  }
  return findings;
}
