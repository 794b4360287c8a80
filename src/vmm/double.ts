import { dirname, join } from "node:path";
import { z } from "zod";
import type { Host } from "../host/host.ts";

const schema = z.looseObject({
  /** The release of the operating system, or of the VMM, that the program speaks as. */
  release: z.string(),
  openbsd: z.string().optional(),
  /** UEFI firmware that stands for its own: code image and variable store, best first. */
  uefi: z.array(z.tuple([z.string(), z.string()])).default([]),
  /** What stands for the BIOS, best first. */
  pcat: z.array(z.string()).optional(),
});

/**
 * What a program stands for, if it is a double of Petri's: each has `petri-double.json` beside it. The real ones have
 * not, and their command line could not say it.
 */
export function readDouble(host: Host, binary: string): z.output<typeof schema> | undefined {
  const file = join(dirname(binary), "petri-double.json");
  return host.readable(file) ? schema.parse(JSON.parse(host.readFile(file).toString())) : undefined;
}
