import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "../host/host.ts";
import { UnsupportedError } from "../machine/errors.ts";
import type { Machine } from "../machine/machine.ts";
import type { Placement, VmmName } from "../machine/placement.ts";
import type { Detection, DetectSettings, Refusal } from "../vmm/contract.ts";
import { probeKernel } from "../vmm/probe.ts";
import { vmmNamed, vmms } from "../vmm/registry.ts";

/**
 * What every carried VMM can do on this host, proven by running it. Run it once, alone, before any VM: a busy host
 * makes probes slow. Answers are kept until the host boots again or a program they rest on changes.
 */
export async function detectAll(
  host: Host,
  settings: DetectSettings & { readonly only?: readonly VmmName[] | undefined; readonly fresh?: boolean },
): Promise<Detection[]> {
  const wanted = vmms.filter((vmm) => settings.only === undefined || settings.only.includes(vmm.name));
  const detections: Detection[] = [];
  for (const vmm of wanted) {
    const key = identity(host, vmm.name, settings);
    const known = settings.fresh || key === undefined ? undefined : recall(key, host);
    const detection = known ?? (await vmm.detect(host, settings));
    // What does not work today may work in a minute; only good news keeps.
    const works = detection.accelerators.some((each) => each.works);
    // A double's program is the least of what it is made of.
    if (!known && key !== undefined && works && !detection.isDouble) keep(key, detection);
    detections.push(detection);
  }
  return detections;
}

/** The best VMM for this machine among those detected. Throws UnsupportedError with every VMM's reasons. */
export function choosePlacement(
  machine: Machine,
  wanted: Partial<Placement>,
  detections: readonly Detection[],
): Placement {
  const reasons: string[] = [];
  for (const vmm of wanted.vmm ? [vmmNamed(wanted.vmm)] : vmms.filter(({ name }) => isChoice(name, detections))) {
    const placement = {
      vmm: vmm.name,
      host: wanted.host ?? "local",
      ...(wanted.accelerator === undefined ? {} : { accelerator: wanted.accelerator }),
    };
    const refusals = supportReasons(machine, placement, detections);
    if (refusals.length === 0) return placement;
    reasons.push(...refusals.map((reason) => `${vmm.name}: ${reason}`));
  }
  throw UnsupportedError.of(reasons, "no VMM here can run this machine");
}

/** Whether a VMM is for this host, and no double, which only runs what was meant for it by name. */
export function isChoice(vmm: VmmName, detections: readonly Detection[]): boolean {
  const { needsHost, isDouble } = detectionOf(vmm, detections);
  return needsHost === undefined && !isDouble;
}

/** Every reason why the machine cannot run there, ready to print; empty means it can. */
export function supportReasons(machine: Machine, placement: Placement, detections: readonly Detection[]): string[] {
  return refusals(machine, placement, detections).map(({ axis, reason }) => `${axis}: ${reason}`);
}

export function refusals(machine: Machine, placement: Placement, detections: readonly Detection[]): Refusal[] {
  if (placement.host !== "local") {
    return [{ axis: "host", reason: `${placement.host}: other hosts are not carried yet; leave host out` }];
  }
  return vmmNamed(placement.vmm).support(machine, detectionOf(placement.vmm, detections), placement.accelerator);
}

export function detectionOf(vmm: VmmName, detections: readonly Detection[]): Detection {
  return (
    detections.find((each) => each.vmm === vmm) ?? {
      vmm,
      present: false,
      notes: ["it was not looked for"],
      fixes: [],
      accelerators: [],
      firmware: [],
    }
  );
}

const firmwareFolders = [
  ...["/usr/share/qemu/firmware", "/usr/local/share/qemu/firmware", "/etc/qemu/firmware"],
  ...["/usr/share/OVMF", "/usr/share/edk2/x64", "/usr/share/edk2/ovmf", "/usr/share/seabios", "/usr/share/qemu"],
];

const bootIdFile = "/proc/sys/kernel/random/boot_id";

// What a detection rests on: this boot of the host, the VMM's program, the probe guest, the rights on /dev/kvm, what
// the user named, and where firmware lies.
function identity(host: Host, vmm: VmmName, settings: DetectSettings): string | undefined {
  if (!host.readable(bootIdFile)) return undefined;
  const programs = programsOf(vmm, host, settings);
  const facts = [
    "7",
    vmm,
    host.readFile(bootIdFile).toString(),
    ...programs.map((program) => (program ? digest(program) : "absent")),
    digest(probeKernel),
    ...["/dev/kvm", "/dev/mshv", "/dev/vhost-vsock"].map((device) => String(host.readable(device))),
    ...Object.entries(settings.overrides).map(([key, path]) => `${key} ${path} ${path && host.readable(path)}`),
    ...firmwareFolders.map((dir) => host.list(dir).join()),
  ];
  return createHash("sha256").update(facts.join("\0")).digest("hex");
}

function programsOf(vmm: VmmName, host: Host, { overrides }: DetectSettings): (string | undefined)[] {
  if (vmm === "qemu") return [host.which(overrides.qemu ?? "qemu-system-x86_64")];
  if (vmm === "openvmm" || vmm === "bhyve" || vmm === "vmctl") return [host.which(overrides[vmm] ?? vmm)];
  return [process.execPath, fileURLToPath(import.meta.url)];
}

function digest(path: string): string {
  const { size, mtimeMs, ino } = statSync(path);
  // Size, time and inode name the bytes as well as a digest of 20 MB would, in no time.
  return `${path} ${size} ${mtimeMs} ${ino}`;
}

function cacheFile(key: string): string {
  const base = process.env.PETRI_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "petri");
  return join(base, "detect", `${key}.json`);
}

function recall(key: string, host: Host): Detection | undefined {
  try {
    // Our own file, named by a digest of everything it rests on.
    const detection = JSON.parse(readFileSync(cacheFile(key), "utf8")) as Detection;
    const isThere = detection.firmware.every(({ code, nvram }) => host.readable(code) && host.readable(nvram ?? code));
    return isThere ? detection : undefined;
  } catch {
    return undefined;
  }
}

function keep(key: string, detection: Detection): void {
  const file = cacheFile(key);
  const temporary = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(temporary, JSON.stringify(detection));
    renameSync(temporary, file);
  } catch {
    // A cache that cannot be written costs time, not truth.
  }
}
