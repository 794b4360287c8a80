import { z } from "zod";
import { filePath } from "./file-path.ts";

/** CIDs 0 to 2 and the last one mean hypervisor, local, host and any (vsock(7)). */
export const [firstCid, lastCid] = [3, 2 ** 32 - 2];

const device = z.strictObject({
  cid: z.number().int().min(firstCid).max(lastCid).optional().describe("the guest's address; chosen if absent"),
  transport: z
    .enum(["vhost-user", "vhost"])
    .optional()
    .describe(
      "vhost-user, the default: Petri's own device, CIDs private to each VM; vhost: the host kernel's AF_VSOCK",
    ),
  path: filePath
    .optional()
    .describe('a Unix socket on which other programs reach the guest: "CONNECT PORT"; the guest reaches PATH_PORT'),
});

/** Sockets between host and guest that need no network. `true` is a device with nothing said about it. */
export const vsockSchema = z
  .union([z.literal(true).transform((): z.output<typeof device> => ({})), device], {
    error: 'write true, or { cid: 42, transport: "vhost", path: "vm.vsock" }, each of which may be left out',
  })
  .describe("a virtio socket device, for vm.vsock");
