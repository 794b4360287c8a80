import { z } from "zod";

export const vmmNames = ["qemu", "openvmm", "bhyve", "vmctl", "v86"] as const;
export const acceleratorNames = ["kvm", "mshv", "whp", "hvf", "vmm", "bhyve-vmm", "tcg", "jit"] as const;

/** Where a machine runs: VMM × accelerator × host. Never part of the machine. */
export const placementSchema = z.strictObject({
  vmm: z.enum(vmmNames),
  accelerator: z.enum(acceleratorNames).optional().describe("the best one that was proven to work if absent"),
  host: z.string().default("local"),
});

export type VmmName = (typeof vmmNames)[number];
export type AcceleratorName = (typeof acceleratorNames)[number];
export type Placement = z.output<typeof placementSchema>;
