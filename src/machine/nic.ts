import { z } from "zod";
import { hostAddress } from "./address.ts";

const port = z
  .number({ error: "write a port from 1 to 65535" })
  .int("write a port from 1 to 65535")
  .min(1, "write a port from 1 to 65535")
  .max(65_535, "write a port from 1 to 65535");

export { port as portSchema };

export const nicModels = ["virtio", "e1000", "rtl8139", "ne2k"] as const;

const macForm = "write six hex pairs, as in 52:54:00:12:34:56";

export const mtuForm = "write a whole number of bytes from 68 to 65535";

export const nicSchema = z.strictObject({
  backend: z.enum(["user", "none"]).default("user").describe("user: NAT by the VMM, no root needed"),
  model: z.enum(nicModels).default("virtio"),
  mac: z
    .string()
    .regex(/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i, macForm)
    .optional(),
  mtu: z
    .number({ error: mtuForm })
    .int(mtuForm)
    .min(68, mtuForm)
    .max(65_535, mtuForm)
    .optional()
    .describe(
      "the largest packet that a virtio card tells its guest to send, in bytes (virtio 1.2 §5.1.3, VIRTIO_NET_F_MTU)",
    ),
  forward: z
    .array(
      z.strictObject({
        protocol: z.enum(["tcp", "udp"]).default("tcp"),
        hostAddress: hostAddress.default("127.0.0.1"),
        hostPort: port,
        guestPort: port,
      }),
    )
    .default([])
    .describe("ports of the host that lead into the guest"),
});

export type NicInput = z.input<typeof nicSchema>;
