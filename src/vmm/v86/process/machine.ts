import type { V86Options } from "v86";
import type { BootDevice, LineName, Nic } from "./argv.ts";
import type { WatchdogName } from "./watchdogs.ts";

/** The PC to build: file contents and disks, ready to use, so that it can be built again on every reset. */
export interface Machine {
  readonly memoryBytes: number;
  readonly lines: readonly LineName[];
  readonly multiboot?: ArrayBuffer;
  readonly kernel?: ArrayBuffer;
  readonly initrd?: ArrayBuffer;
  readonly cmdline: string;
  readonly bios?: ArrayBuffer;
  readonly vgaBios?: ArrayBuffer;
  readonly disks: Readonly<Partial<Record<"hda" | "hdb" | "cdrom" | "fda" | "fdb", Disk>>>;
  readonly bootOrder: readonly BootDevice[];
  readonly nic: Nic;
  readonly watchdog?: WatchdogName;
}

/** v86's own shape for a block device. */
export interface Disk {
  readonly byteLength: number;
  onload?: (() => void) | undefined;
  load(): void;
  get(start: number, length: number, done: (bytes: Uint8Array) => void): void;
  get_and_cache(start: number, length: number, done: (bytes: Uint8Array) => void): void;
  get_from_cache(start: number, length: number): Uint8Array;
  set(start: number, bytes: Uint8Array, done: () => void): void;
}

/** The machine in v86's words. */
export function optionsFor(machine: Machine): V86Options {
  const image = (buffer: ArrayBuffer | undefined) => buffer && { buffer };
  const given = {
    multiboot: image(machine.multiboot),
    bzimage: image(machine.kernel),
    initrd: image(machine.initrd),
    bios: image(machine.bios),
    vga_bios: image(machine.vgaBios),
    ...machine.disks,
  };
  return {
    autostart: false,
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
    memory_size: machine.memoryBytes,
    acpi: true,
    cmdline: machine.cmdline,
    boot_order: bootOrderCode(machine.bootOrder),
    uart1: machine.lines.includes("com2"),
    uart2: machine.lines.includes("com3"),
    uart3: machine.lines.includes("com4"),
    virtio_console: machine.lines.includes("virtio-console"),
    net_device: { type: machine.nic },
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  } as unknown as V86Options; // its declarations know neither a NIC of type none nor our own disks
}

/** CMOS 3Dh and 38h, as SeaBIOS reads them: a nibble for each device, the first one lowest. */
function bootOrderCode(order: readonly BootDevice[]): number {
  const code = { floppy: 1, disk: 2, cdrom: 3 };
  return order.reduce((sum, device, place) => sum | (code[device] << (4 * place)), 0);
}
