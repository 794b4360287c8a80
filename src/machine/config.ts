import { z } from "zod";
import { bootKinds } from "./boot.ts";
import { channelNames } from "./channel.ts";
import { filePath } from "./file-path.ts";
import type { MachineOverrides } from "./merge.ts";
import { oracleConfigSchema } from "./oracle-config.ts";
import { acceleratorNames, vmmNames } from "./placement.ts";
import { durationSchema, sizeSchema } from "./size.ts";
import { userImageSchema } from "./user-image.ts";

const countForm = "write a whole number from 0";
const scaleForm = "write a number above 0, such as 2.5";

const positive = z.number({ error: scaleForm }).positive(scaleForm);

/** One word or several: a single one may be written without its list. */
function oneOrMore<const T extends readonly [string, ...string[]]>(words: T) {
  const word = z.enum(words);
  const listed = z.preprocess((value) => (typeof value === "string" ? [value] : value), z.array(word));
  // A preprocess step takes anything; this is what it makes sense of.
  return listed as unknown as z.ZodType<T[number][], T[number] | readonly T[number][]>;
}

const keepPolicies = ["failures", "all", "none"] as const;

export const firmwareFields = z.strictObject({
  uefiCode: filePath.optional().describe("UEFI code image for machines that name none"),
  uefiNvram: filePath.optional().describe("the variable store's template that belongs to uefiCode"),
  seabios: filePath.optional().describe("BIOS image for v86"),
  vgabios: filePath.optional().describe("VGA BIOS image for v86"),
  msvm: filePath.optional().describe("UEFI firmware for OpenVMM: MSVM.fd of mu_msvm"),
  pcat: filePath.optional().describe("BIOS for OpenVMM: Hyper-V's vmfirmwarepcat.dll"),
  pcatVga: filePath.optional().describe("VGA BIOS for OpenVMM: Hyper-V's vmemulateddevices.dll"),
});

/** What `petri.config.ts` may say. Everything may be left out. */
export const configSchema = z.strictObject({
  machine: z
    .custom<MachineOverrides>(isPlain, "write an object with a machine's fields")
    .optional()
    .describe("what holds for every machine that does not say otherwise"),
  vmm: oneOrMore(vmmNames).optional().describe("run only on these VMMs; the first one that can, for petri boot"),
  accelerator: oneOrMore(acceleratorNames).optional().describe("run only with these accelerators"),
  boot: oneOrMore(bootKinds).optional().describe("run only tests that boot so"),
  host: z.string().min(1).optional().describe("where VMMs run: local, or a host reached over SSH"),
  require: oneOrMore(vmmNames)
    .optional()
    .describe("VMMs that must be there: their cells fail instead of being skipped"),
  results: filePath.optional().describe("the folder for traces and reports"),
  channel: z
    .enum(channelNames)
    .optional()
    .describe("how programs run in guests, below a test's own word; the best there is if absent"),
  retries: z.number({ error: countForm }).int(countForm).min(0, countForm).optional().describe("runs after a failure"),
  timeoutScale: positive.optional().describe("factor on every timeout, for slow hosts"),
  progressWithin: durationSchema
    .optional()
    .describe("a guest that is waited for and makes no progress for this long has hung; off if absent"),
  memoryBudget: sizeSchema.optional().describe("memory that all VMs together may have; most of what is free if absent"),
  cpuBudget: positive.optional().describe("vCPUs that all VMs together may have; the host's if absent"),
  images: z.record(z.string(), userImageSchema).optional().describe("images of your own, by name"),
  oracle: oracleConfigSchema.optional().describe("what is looked for on the consoles, and what becomes of it"),
  keepTraces: z.enum(keepPolicies).optional().describe("whose traces are kept"),
  traceCap: sizeSchema.optional().describe("kept traces may use this much; the oldest go first"),
  firmware: firmwareFields.optional(),
  bhyve: filePath.optional().describe("bhyve's binary, beside which bhyvectl is; bhyve on PATH if absent"),
  vmctl: filePath.optional().describe("vmctl's program; vmctl on PATH if absent"),
  qemu: filePath.optional().describe("QEMU's binary; qemu-system-* on PATH if absent"),
  openvmm: filePath.optional().describe("OpenVMM's binary; openvmm on PATH if absent"),
});

/** The content of `petri.config.ts`. */
export type Config = z.input<typeof configSchema>;
export type ConfigOutput = z.output<typeof configSchema>;

/**
 * Types the configuration and returns it as it is; it is checked when it is loaded.
 *
 * @example export default defineConfig({ machine: { memory: { size: "512M" } }, require: ["qemu", "v86"] });
 */
export function defineConfig(config: Config): Config {
  return config;
}

function isPlain(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
