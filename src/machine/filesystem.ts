import { z } from "zod";
import { filePath } from "./file-path.ts";

/** virtio-9p's config space has room for 31 bytes and a NUL in QEMU (hw/9pfs/9p.h, MAX_TAG_LEN). */
const tagForm = "write 1 to 31 letters, digits, '.', '_' or '-'";
const tag = z.string().regex(/^[A-Za-z0-9._-]{1,31}$/, tagForm);

/** A folder of the host that the guest can mount. */
export const filesystemSchema = z.strictObject({
  kind: z.literal("9p").describe("virtio-9p: mount -t 9p -o trans=virtio TAG /mnt"),
  tag: tag.describe("the name by which the guest mounts it"),
  path: filePath.describe("a folder of the host"),
  readOnly: z.boolean().default(false).describe("the guest cannot write to it"),
});
