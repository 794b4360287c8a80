import { join } from "node:path";
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import type { FirmwareFinding } from "../contract.ts";
import { unreadable } from "../named-firmware.ts";

/** QEMU's firmware descriptors (docs/interop/firmware.json), as far as we read them. */
const descriptor = z.object({
  description: z.string(),
  "interface-types": z.array(z.string()),
  mapping: z.object({
    device: z.literal("flash"),
    executable: z.object({ filename: z.string(), format: z.literal("raw") }),
    "nvram-template": z.object({ filename: z.string() }).optional(),
  }),
  targets: z.array(z.object({ architecture: z.string() })),
  features: z.array(z.string()),
});

/** Later folders override earlier ones by file name (firmware.json, "Firmware discovery"). */
const folders = ["/usr/share/qemu/firmware", "/usr/local/share/qemu/firmware", "/etc/qemu/firmware"];

/** Where distributions put OVMF when they ship no descriptor. */
const knownPaths = [
  ["/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"],
  ["/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"],
  ["/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"],
  ["/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"],
] as const;

/** Features that change what a guest meets; a plain machine takes firmware without them. */
const special = ["secure-boot", "enrolled-keys", "requires-smm"];

export interface FirmwareSearch {
  readonly found: FirmwareFinding[];
  /** Named by the user, and not to be read: then nothing else is looked for. */
  readonly missing: readonly string[];
}

/**
 * The UEFI firmware of a host, best first: what the user named, then QEMU's descriptors in their own order of
 * priority, then the paths distributions use.
 */
export function findFirmware(host: Host, overrides: Readonly<Record<string, string | undefined>>): FirmwareSearch {
  const found: FirmwareFinding[] = [];
  const add = (code: string, nvram: string | undefined, name: string, source: string) => {
    if (!host.readable(code) || (nvram !== undefined && !host.readable(nvram))) return;
    found.push({ boot: "uefi", code, ...(nvram === undefined ? {} : { nvram }), name, source });
  };
  const { uefiCode: PETRI_UEFI_CODE, uefiNvram: PETRI_UEFI_NVRAM } = overrides;
  const missing = unreadable(host, { PETRI_UEFI_CODE, PETRI_UEFI_NVRAM });
  if (missing.length > 0) return { found, missing };
  if (overrides.uefiCode) add(overrides.uefiCode, overrides.uefiNvram, "named by the user", "PETRI_UEFI_CODE");
  for (const { path, text } of descriptors(host)) {
    const parsed = descriptor.safeParse(text);
    if (!parsed.success) continue;
    const { mapping, features, targets, description } = parsed.data;
    if (!parsed.data["interface-types"].includes("uefi")) continue;
    if (!targets.some((target) => target.architecture === "x86_64")) continue;
    if (features.some((feature) => special.includes(feature))) continue;
    add(mapping.executable.filename, mapping["nvram-template"]?.filename, description, path);
  }
  for (const [code, nvram] of knownPaths) {
    if (!found.some((each) => each.code === code)) add(code, nvram, "OVMF", "known path");
  }
  return { found, missing };
}

function descriptors(host: Host): { path: string; text: unknown }[] {
  const byName = new Map<string, string>();
  for (const folder of folders) {
    for (const name of host.list(folder)) if (name.endsWith(".json")) byName.set(name, join(folder, name));
  }
  return [...byName.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .filter(([, path]) => host.readable(path))
    .map(([, path]) => ({ path, text: parseJson(host.readFile(path).toString()) }));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
