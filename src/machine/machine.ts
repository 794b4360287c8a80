import { z } from "zod";
import { hostAddress } from "./address.ts";
import { bootSchema } from "./boot.ts";
import { backendSchema } from "./console-backend.ts";
import { type Disk, diskSchema, settleDisk } from "./disk.ts";
import { filePath } from "./file-path.ts";
import { filesystemSchema } from "./filesystem.ts";
import { nicSchema, portSchema } from "./nic.ts";
import { portsSchema } from "./ports.ts";
import { processorsSchema } from "./processors.ts";
import { rtcSchema } from "./rtc.ts";
import { sizeSchema } from "./size.ts";
import { smbiosSchema, uuidSchema } from "./smbios.ts";
import { vsockSchema } from "./vsock.ts";
import { watchdogSchema } from "./watchdog.ts";

/**
 * The machine: what the VM is. Plain JSON, no behaviour; this schema is the only source of its types, its
 * validation, its JSON Schema and the help texts. Where it runs is a placement (placement.ts).
 */

/** The guest's time: the host's, or one that does not wait. */
export const clocks = ["real", "warp"] as const;

export const actionForm = "write reset, halt, exit or exit:CODE with CODE from 0 to 255";

/** OpenVMM's words (CLI page, "Guest power events"): what happens after a power event. */
export const actionSchema = z
  .string()
  .regex(/^(reset|halt|exit(:([01]?\d?\d|2[0-4]\d|25[0-5]))?)$/, actionForm)
  // The regular expression above admits exactly these.
  .transform((text) => text as "reset" | "halt" | "exit" | `exit:${number}`);

const power = z
  .strictObject({
    reset: actionSchema.default("reset").describe("when the guest asks for a reset"),
    shutdown: actionSchema.default("halt").describe("when the guest powers off or hibernates"),
    crash: actionSchema.default("halt").describe("when the guest triple-faults or reports a panic"),
    watchdog: actionSchema.default("reset").describe("when a guest watchdog expires"),
  })
  .describe("what happens after each power event");

const memory = z.strictObject({
  size: sizeSchema.default(2 ** 30).describe("bytes of guest RAM"),
  shared: z
    .boolean()
    .optional()
    .describe("whether RAM is memory that another process can map; the VMM's choice if absent"),
  prefetch: z.boolean().default(false).describe("populate RAM before the guest starts"),
  thp: z.boolean().optional().describe("transparent huge pages; needs shared=off"),
  hugepages: z.boolean().default(false).describe("allocate from hugetlbfs; needs shared=on and no file"),
  hugepageSize: sizeSchema.optional().describe("such as 2MB or 1GB; needs hugepages=on"),
  file: filePath.optional().describe("an existing file that backs guest RAM"),
});

const consoles = z
  .strictObject({
    com1: backendSchema.default("capture"),
    com2: backendSchema.optional(),
    com3: backendSchema.optional(),
    com4: backendSchema.optional(),
    hvc0: backendSchema.optional().describe("virtio-console: /dev/hvc0 in a Linux guest"),
  })
  .describe("serial lines; each is recorded from its first byte");

const vnc = z.strictObject({ listen: hostAddress.default("127.0.0.1"), port: portSchema.default(5900) });

/** What the user writes, before what follows from it is filled in: the machine's fields one by one. */
export const machineFields = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9._-]{0,62}$/, "start with a letter; letters, digits, '.', '_', '-'; at most 63")
      .default("vm"),
    arch: z.enum(["x86_64", "aarch64"]).default("x86_64"),
    boot: bootSchema,
    processors: processorsSchema.prefault({}),
    memory: memory.prefault({}),
    disks: z.array(diskSchema).default([]),
    nics: z.array(nicSchema).default([]),
    consoles: consoles.prefault({}),
    ports: portsSchema,
    power: power.prefault({}),
    rng: z.boolean().default(false).describe("a virtio entropy device"),
    display: z
      .union([z.enum(["none", "headless"]), z.strictObject({ vnc })], {
        error: 'write "none", "headless" or { vnc: { listen: "127.0.0.1", port: 5900 } }',
      })
      .default("none")
      .describe("none; headless: a framebuffer that only screenshots see; or one served over VNC"),
    chipset: z
      .enum(["auto", "pc", "q35", "microvm"])
      .default("auto")
      .describe("auto takes the smallest one that carries the machine"),
    uuid: uuidSchema.optional(),
    smbios: smbiosSchema.optional(),
    numa: z.array(z.json()).optional(),
    vsock: vsockSchema.optional(),
    watchdog: watchdogSchema.optional(),
    pcie: z.json().optional(),
    filesystems: z.array(filesystemSchema).default([]).describe("folders of the host that the guest can mount"),
    tpm: z.boolean().optional(),
    secureBoot: z.boolean().optional(),
    hyperv: z.json().optional(),
    clock: z
      .enum(clocks)
      .default("real")
      .describe("warp: while the guest is idle its time goes to its next timer at once"),
    rtc: rtcSchema,
    record: z
      .boolean()
      .optional()
      .describe("record what comes to the guest, so that petri repro --replay repeats the run"),
    vmmOptions: z
      .partialRecord(z.enum(["qemu", "openvmm", "bhyve", "vmctl", "v86"]), z.array(z.string()))
      .optional()
      .describe("native arguments passed to one VMM as they are; recorded in the trace"),
  })
  .describe("what a virtual machine is");

/** Shapes only. Combinations that cannot be are found by parseMachine (validate.ts), which everyone should use. */
export const machineSchema = machineFields.transform(settleMachine);

/** Fills in what follows from the rest: a disk's bus from the kind of boot. Applying it again changes nothing. */
function settleMachine(fields: z.output<typeof machineFields>) {
  return { ...fields, disks: fields.disks.map((disk): Disk => settleDisk(disk, fields.boot.kind)) };
}

export type Machine = z.output<typeof machineSchema>;
/** What users write: defaults may be left out, sizes may be `512M`. */
export type MachineInput = z.input<typeof machineSchema>;
/** Those fields of a machine whose own shape is right, while others may not be. */
export type SoundFields = { [K in keyof Machine]?: Machine[K] | undefined };
export type PowerActions = Machine["power"];
export type Action = PowerActions["reset"];

export type { Boot, BootKind } from "./boot.ts";
export { type ConsoleName, consoleNames } from "./console-backend.ts";
export { type Disk, diskFormats } from "./disk.ts";
export { type WatchdogName, watchdogDevice } from "./watchdog.ts";
