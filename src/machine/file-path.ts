import { z } from "zod";

const form = "write the path of a file";

/** A path as the user wrote it. Whether something is there is looked at where files may be touched. */
export const filePath = z
  .string({ error: form })
  .min(1, form)
  .refine((path) => !path.includes("\0"), form);
