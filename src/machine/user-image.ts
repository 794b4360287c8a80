import { z } from "zod";
import { bootKinds } from "./boot.ts";
import { channelNames } from "./channel.ts";
import { diskFormats } from "./disk.ts";
import type { Exact } from "./exact.ts";
import { filePath } from "./file-path.ts";
import { sshSchema } from "./ssh.ts";

const patternForm = "write text or a regular expression, such as /login: $/";

const fields = z
  .strictObject({
    name: z.string().min(1).optional().describe("the file's name if absent"),
    disk: filePath.optional(),
    kernel: filePath.optional(),
    initrd: filePath.optional(),
    vmlinux: filePath.optional().describe("the kernel's ELF file with symbols: crash reports then tell source lines"),
    cmdline: z.string().optional(),
    boot: z.array(z.enum(bootKinds)).min(1).optional().describe("how it boots; kernel, or uefi and pcat if absent"),
    format: z.enum(diskFormats).optional().describe("the disk's format; found from its contents if absent"),
    login: z.strictObject({ user: z.string().min(1), password: z.string().optional() }).optional(),
    ready: z
      .union([z.string().min(1), z.instanceof(RegExp)], { error: patternForm })
      .optional()
      .describe("what the console prints when the guest is up"),
    driver: z.enum(["petri-guest", "shell", "none"]).optional().describe("how the guest is told what to do"),
    hasAgent: z.boolean().optional().describe("it starts petri-agent serve, which a machine's vsock then reaches"),
    ssh: sshSchema.optional().describe("its SSH server, and who may log in"),
    channel: z.enum(channelNames).optional().describe("how programs run in the guest; the best there is if absent"),
    shellPrompt: z.string().min(1).optional().describe("what the shell prints when it waits for a command"),
  })
  .superRefine(({ disk, kernel, initrd, cmdline }, ctx) => {
    const refuse = (path: string[], message: string) =>
      ctx.addIssue({ code: "custom", path, message, params: { isRule: true } });
    if (disk === undefined && kernel === undefined) refuse(["disk"], "name what to boot: disk or kernel");
    if (disk !== undefined && kernel !== undefined) {
      refuse(["kernel"], "an image is a kernel or a disk: a kernel's own disk goes into the machine's disks");
    }
    if (kernel === undefined && initrd !== undefined) refuse(["initrd"], "needs kernel");
    if (kernel === undefined && cmdline !== undefined) refuse(["cmdline"], "needs kernel");
  });

/** An image that users bring themselves: what to boot, how one can tell that it is up, and who logs in. */
export type UserImage = Exact<z.input<typeof fields>>;

// The same values under the narrower type, see Exact.
export const userImageSchema = fields as unknown as z.ZodType<UserImage, UserImage>;
