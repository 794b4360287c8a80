import { z } from "zod";
import type { Exact } from "./exact.ts";
import { filePath } from "./file-path.ts";
import { portSchema } from "./nic.ts";

const fields = z.strictObject({
  user: z.string().min(1).optional().describe("who logs in; that of login, or root, if absent"),
  password: z.string().optional(),
  key: filePath
    .optional()
    .describe("a private key without a passphrase; without it and a password one is let in by the console's shell"),
  port: portSchema.optional().describe("the TCP port that sshd listens on; 22 if absent"),
  vsockPort: portSchema.optional().describe("the vsock port where it is reached as well"),
});

/** The SSH server of an image, and who may log in. */
export type SshServer = Exact<z.input<typeof fields>>;

// The same values under the narrower type, see Exact.
export const sshSchema = fields as unknown as z.ZodType<SshServer, SshServer>;
