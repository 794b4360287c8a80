import { control, noAxis, placement } from "../../import/sheet.ts";

/** What becomes of an option of QEMU's command line. */
export interface QemuOption {
  readonly takesValue: boolean;
  /** Why the machine does not say it; absent for those that the importer reads. */
  readonly reason?: string;
}

const value: QemuOption = { takesValue: true };
const flag: QemuOption = { takesValue: false };

const read: Readonly<Record<"values" | "flags", string>> = {
  values: `machine M cpu accel smp m mem-path numa boot drive blockdev device hda hdb hdc hdd fda fdb cdrom pflash sd
    mtdblock bios kernel initrd append dtb netdev net nic chardev serial parallel monitor qmp qmp-pretty mon debugcon
    fsdev virtfs object global vga display vnc spice action watchdog watchdog-action name readconfig virtioconsole redir icount rtc startdate smbios uuid
    usbdevice`,
  flags: `nographic nodefaults snapshot no-reboot no-shutdown enable-kvm no-kvm mem-prealloc sdl curses std-vga no-acpi localtime`,
};

/** Known to be read, and never to be carried: each with its reason. */
const dropped: readonly (readonly [reason: string, values: string, flags: string])[] = [
  [
    placement,
    "L xen-domid kvm-shadow-memory",
    "xen-attach xen-create xen-domid-restrict enable-hax no-kvm-irqchip no-kvm-pit no-kvm-pit-reinjection enable-nesting tdf",
  ],
  [
    control,
    "pidfile chroot runas run-with sandbox echr compat msg add-fd gdb qtest qtest-log writeconfig",
    "daemonize no-quit preconfig enable-fips alt-grab ctrl-grab async-teardown S s no-user-config nodefconfig",
  ],
  [
    "is about QEMU's own log",
    "d D dfilter trace plugin seed dump-vmstate",
    "singlestep one-insn-per-tb enable-sync-profile perfmap jitdump",
  ],
  ["is about a saved state of a VM, which is no part of the machine", "incoming loadvm", "only-migratable"],
  [
    "is about a window; a machine's display is a picture, or VNC",
    "k rotate g",
    "full-screen portrait no-frame show-cursor",
  ],
  ["was a work-around of old versions of QEMU", "tb-size clock", "win2k-hack no-fd-bootchk rtc-td-hack old-param"],
  [
    noAxis,
    `overcommit realtime iscsi prom-env semihosting-config set fw_cfg tftp bootp smb soundhw
    audiodev audio tpmdev option-rom acpitable bt balloon pcidevice hdachs shim`,
    "semihosting usb no-hpet virtfs_synth",
  ],
];

/** Every option of QEMU from 0.12 to 10, by name without dashes. */
export const qemuOptions: ReadonlyMap<string, QemuOption> = new Map<string, QemuOption>([
  ...words(read.values).map((name) => [name, value] as const),
  ...words(read.flags).map((name) => [name, flag] as const),
  ...dropped.flatMap(([reason, values, flags]) => [
    ...words(values).map((name) => [name, { takesValue: true, reason }] as const),
    ...words(flags).map((name) => [name, { takesValue: false, reason }] as const),
  ]),
]);

/** Options that make QEMU say something and end: there is no machine in them. */
export const tellingOptions: ReadonlySet<string> = new Set(["h", "help", "version", "audio-help"]);

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
