import type { z } from "zod";
import { type Config, configSchema, firmwareFields } from "./config.ts";
import { nearest } from "./nearest.ts";

/** A setting that a variable, and most often a flag, can say as text. */
export interface SettingWord {
  /** Where the value stands in `petri.config.ts`: `retries`, `firmware.uefiCode`. */
  readonly key:
    | Exclude<keyof Config, "machine" | "images" | "firmware" | "oracle">
    | `firmware.${keyof typeof firmwareFields.shape}`;
  readonly env: `PETRI_${string}`;
  /** Absent where only the environment and the file can say it. */
  readonly flag?: string;
  /** A second flag that says the same. */
  readonly alias?: string;
  readonly value: string;
  readonly kind: "words" | "text" | "number" | "path" | "command";
  readonly schema: z.ZodType;
}

const { shape } = configSchema;
const firmware = firmwareFields.shape;

/** Every setting by its three names: one table for the parser, `--help` and the docs. */
export const settingWords: readonly SettingWord[] = [
  { key: "vmm", env: "PETRI_VMM", flag: "vmm", value: "VMM,...", kind: "words", schema: shape.vmm },
  {
    key: "accelerator",
    env: "PETRI_ACCELERATOR",
    flag: "hypervisor",
    alias: "accelerator",
    value: "NAME,...",
    kind: "words",
    schema: shape.accelerator,
  },
  { key: "boot", env: "PETRI_BOOT", flag: "boot", value: "KIND,...", kind: "words", schema: shape.boot },
  { key: "host", env: "PETRI_HOST", flag: "host", value: "NAME", kind: "text", schema: shape.host },
  { key: "require", env: "PETRI_REQUIRE", flag: "require", value: "VMM,...", kind: "words", schema: shape.require },
  { key: "results", env: "PETRI_RESULTS", flag: "results", value: "DIR", kind: "path", schema: shape.results },
  {
    key: "channel",
    env: "PETRI_CHANNEL",
    flag: "channel",
    value: "vsock|virtio-serial|ssh|serial",
    kind: "text",
    schema: shape.channel,
  },
  { key: "retries", env: "PETRI_RETRIES", flag: "retries", value: "N", kind: "number", schema: shape.retries },
  {
    key: "timeoutScale",
    env: "PETRI_TIMEOUT_SCALE",
    flag: "timeout-scale",
    value: "FACTOR",
    kind: "number",
    schema: shape.timeoutScale,
  },
  {
    key: "progressWithin",
    env: "PETRI_PROGRESS_WITHIN",
    flag: "progress-within",
    value: "TIME",
    kind: "text",
    schema: shape.progressWithin,
  },
  {
    key: "memoryBudget",
    env: "PETRI_MEMORY_BUDGET",
    flag: "memory-budget",
    value: "SIZE",
    kind: "text",
    schema: shape.memoryBudget,
  },
  {
    key: "cpuBudget",
    env: "PETRI_CPU_BUDGET",
    flag: "cpu-budget",
    value: "N",
    kind: "number",
    schema: shape.cpuBudget,
  },
  {
    key: "keepTraces",
    env: "PETRI_KEEP_TRACES",
    flag: "keep-traces",
    value: "failures|all|none",
    kind: "text",
    schema: shape.keepTraces,
  },
  { key: "traceCap", env: "PETRI_TRACE_CAP", flag: "trace-cap", value: "SIZE", kind: "text", schema: shape.traceCap },
  { key: "bhyve", env: "PETRI_BHYVE", value: "FILE", kind: "command", schema: shape.bhyve },
  { key: "vmctl", env: "PETRI_VMCTL", value: "FILE", kind: "command", schema: shape.vmctl },
  { key: "qemu", env: "PETRI_QEMU", value: "FILE", kind: "command", schema: shape.qemu },
  { key: "openvmm", env: "PETRI_OPENVMM", value: "FILE", kind: "command", schema: shape.openvmm },
  { key: "firmware.uefiCode", env: "PETRI_UEFI_CODE", value: "FILE", kind: "path", schema: firmware.uefiCode },
  { key: "firmware.uefiNvram", env: "PETRI_UEFI_NVRAM", value: "FILE", kind: "path", schema: firmware.uefiNvram },
  { key: "firmware.seabios", env: "PETRI_SEABIOS", value: "FILE", kind: "path", schema: firmware.seabios },
  { key: "firmware.vgabios", env: "PETRI_VGABIOS", value: "FILE", kind: "path", schema: firmware.vgabios },
  { key: "firmware.msvm", env: "PETRI_MSVM", value: "FILE", kind: "path", schema: firmware.msvm },
  { key: "firmware.pcat", env: "PETRI_PCAT", value: "FILE", kind: "path", schema: firmware.pcat },
  { key: "firmware.pcatVga", env: "PETRI_PCAT_VGA", value: "FILE", kind: "path", schema: firmware.pcatVga },
];

/** Variables about the host that have no place in a project's configuration; each is read where it is used. */
export const hostVariables: Readonly<Record<`PETRI_${string}`, string>> = {
  PETRI_CACHE: "the folder of built images; $XDG_CACHE_HOME/petri or ~/.cache/petri if absent",
  PETRI_RUN_ROOT: "the folder for sockets and other files of running VMs; it should have a short path",
  PETRI_APT_SOURCES: "an apt sources file to build Debian images from",
  PETRI_DEBUG: "stack traces with every error",
};

/** Every flag that says the setting. */
export function flagsOf({ flag, alias }: SettingWord): string[] {
  return [flag, alias].filter((name) => name !== undefined);
}

/** What a setting means, from the schema that checks it. */
export function meaning({ schema }: SettingWord): string {
  return schema.description ?? "";
}

/** A `PETRI_` variable that is one slip away from a known one: it was meant to say something. */
export function misspelt(env: Readonly<Record<string, string | undefined>>): { name: string; meant: string }[] {
  const known = [...settingWords.map((word) => word.env), ...Object.keys(hostVariables)];
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith("PETRI_") || known.includes(name)) return [];
    // Longer names forgive more; the prefix is no part of what was misspelt.
    const meant = nearest(
      name.slice("PETRI_".length),
      known.map((variable) => variable.slice("PETRI_".length)),
    );
    return meant === undefined || Math.abs(meant.length + "PETRI_".length - name.length) > 2
      ? []
      : [{ name, meant: `PETRI_${meant}` }];
  });
}
