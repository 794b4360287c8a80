import { isIP } from "node:net";
import { z } from "zod";

/** An IP address of the host; a name would have to be looked up, and means another address elsewhere. */
export const hostAddress = z
  .string()
  .refine((text) => isIP(text) !== 0, "write an IP address, such as 127.0.0.1 or ::1; 0.0.0.0 is every interface");
