import { z } from "zod";

const uuidForm = "write 32 hex digits as in 0a3ae7e6-8d3b-4bb4-8a0d-0f9a3f1d9f01";
/** RFC 9562's text form, of any version: VMMs take them all. */
export const uuidText = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const uuidSchema = z
  .string({ error: uuidForm })
  .regex(uuidText, uuidForm)
  .transform((text) => text.toLowerCase())
  .describe("the machine's UUID in its SMBIOS tables; the VMM's choice if absent");

const stringForm = "write 1 to 255 printable ASCII characters, no space at either end";
const text = z.string({ error: stringForm }).regex(/^[!-~]([ -~]{0,253}[!-~])?$/, stringForm);

/** The strings of a System Information structure (SMBIOS reference, DSP0134 §7.2), in the order of the page. */
export const smbiosKeys = ["manufacturer", "product", "version", "serial", "sku", "family"] as const;

export const smbiosSchema = z
  .strictObject({
    manufacturer: text.optional(),
    product: text.optional(),
    version: text.optional(),
    serial: text.optional(),
    sku: text.optional(),
    family: text.optional(),
  })
  .refine((strings) => Object.values(strings).some((value) => value !== undefined), {
    error: `name at least one of ${smbiosKeys.join(", ")}, or leave it out`,
  })
  .describe("what the guest's SMBIOS tables call the machine (type 1); the VMM's own words where absent");
