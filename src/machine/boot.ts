import { z } from "zod";
import { filePath } from "./file-path.ts";

const initrd = filePath.optional().describe("the kernel's initial RAM disk; several multiboot modules by commas");
const cmdline = z.string().optional().describe("the kernel's command line");

/** One shape per kind of boot; a key of another kind is refused with the kinds it is for. */
const bootShapes = {
  uefi: z.strictObject({
    kind: z.literal("uefi"),
    firmware: filePath.optional().describe("the firmware's code image; found on the host if absent"),
    nvram: filePath.optional().describe("the template of the variable store; every VM gets its own copy"),
    frontpage: z.boolean().default(true).describe("false: power off instead of showing the firmware's menu"),
    kernel: filePath.optional().describe("a kernel that the firmware starts instead of a disk"),
    initrd,
    cmdline,
  }),
  pcat: z.strictObject({
    kind: z.literal("pcat"),
    firmware: filePath.optional().describe("the BIOS image; the VMM's own if absent"),
  }),
  kernel: z.strictObject({
    kind: z.literal("kernel"),
    kernel: filePath.describe("bzImage, PVH or multiboot ELF, arm64 Image"),
    initrd,
    cmdline,
  }),
} as const;

export const bootKinds = ["uefi", "pcat", "kernel"] as const;

export const bootSchema = z
  .discriminatedUnion("kind", [bootShapes.uefi, bootShapes.pcat, bootShapes.kernel], {
    error: 'write { kind: "uefi" }, { kind: "pcat" } or { kind: "kernel", kernel: PATH }',
  })
  .describe("how the machine starts: uefi, pcat (legacy BIOS) or kernel (direct)");

export type Boot = z.output<typeof bootSchema>;
export type BootKind = Boot["kind"];

/** The kinds of boot that have a key, for the message when another kind is given it. */
export function kindsWith(key: string): BootKind[] {
  return bootKinds.filter((kind) => key in bootShapes[kind].shape);
}
