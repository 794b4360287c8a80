import { z } from "zod";
import type { Exact } from "./exact.ts";

const pattern = z.instanceof(RegExp, { error: "write a regular expression, such as /^WARNING in demo/" });
const words = (list: string) => ({ error: `write ${list}` });
const oses = ["linux", "freebsd", "openbsd", "netbsd", "uefi", "seabios", "grub", "loader", "init"] as const;
const frames = ["line", "pc", "stack", "lock", "entry"] as const;

/** A rule as users write it: what the oracle's `Rule` is, checked. */
const rule = z.strictObject({
  id: z.string().min(1),
  os: z.enum(oses, words(oses.join(", "))),
  type: z.string().min(1),
  types: z.array(z.tuple([pattern, z.string().min(1)])).optional(),
  start: pattern,
  title: z.string().min(1),
  frames: z.array(z.enum(frames, words(frames.join(", ")))).optional(),
  fields: z.record(z.string(), pattern).optional(),
  skip: pattern.optional(),
  follows: z.enum(["always", "before-trace"], words("always or before-trace")).optional(),
  midRun: z.boolean().optional(),
  oneLine: z.boolean().optional(),
  needsStack: z.boolean().optional(),
  severity: z.enum(["crash", "warning"], words("crash or warning")).optional(),
  isFinal: z.boolean().optional(),
  isPrompt: z.boolean().optional(),
  example: z.string(),
});

const fields = z.strictObject({
  enabled: z.boolean().optional().describe("false: nobody reads the consoles"),
  extra: z.array(rule).optional().describe("rules of your own; they win over the built-in ones"),
  ignore: z.array(pattern).optional().describe("findings with such a title are none"),
  warnings: z
    .enum(["fail", "report", "ignore"], words("fail, report or ignore"))
    .optional()
    .describe("what a warning does; it fails the VM if absent"),
  crashes: z
    .enum(["fail", "report"], words("fail or report"))
    .optional()
    .describe("what every other finding does; it fails the VM if absent"),
});

/** What `oracle` of `petri.config.ts` may say (docs/oracle.md). */
export type OracleConfig = Exact<z.input<typeof fields>>;

// The same values under the narrower type, see Exact.
export const oracleConfigSchema = fields as unknown as z.ZodType<OracleConfig, OracleConfig>;
