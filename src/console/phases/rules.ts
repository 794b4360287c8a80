import type { PhaseRule } from "./phase.ts";

/** Kernel messages may follow what a loader left on its line, and carry a time and the task that printed. */
const printk = String.raw`(?:^|\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? )`;
const afterTime = (text: string) => new RegExp(printk + text);

const firmware: readonly PhaseRule[] = [
  { phase: "firmware", by: "SeaBIOS", pattern: /^SeaBIOS \(version /, example: "SeaBIOS (version 1.16.2-debian)" },
  {
    phase: "firmware",
    by: "EDK2, debug build",
    pattern: /^SecCoreStartupWithStack\(/,
    example: "SecCoreStartupWithStack(0xFFFCC000, 0x820000)",
  },
  {
    phase: "firmware",
    by: "EDK2",
    pattern: /^UEFI firmware \(version /,
    example: "UEFI firmware (version 2023.11-8 built at 16:22:49 on Feb 14 2024)",
  },
  {
    phase: "firmware",
    by: "EDK2's boot device selection",
    pattern: /^BdsDxe: (?:loading|starting|failed to|No bootable) ?/,
    example: 'BdsDxe: loading Boot0001 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x1,0x0)',
  },
  {
    phase: "firmware",
    by: "iPXE in an option ROM",
    pattern: /^iPXE \(http/,
    example: "iPXE (http://ipxe.org) 00:03.0 CA00 PCI2.10 PnP PMM+3EFD1090+3EF31090 CA00",
  },
  {
    phase: "firmware",
    by: "coreboot",
    pattern: /^coreboot-\S+ .*(?:bootblock|romstage|ramstage) starting/,
    example: "coreboot-4.19 Mon Jan 16 00:00:00 UTC 2023 x86_32 bootblock starting (log level: 7)...",
  },
  {
    phase: "firmware",
    by: "U-Boot",
    pattern: /^U-Boot (?:[ST]PL )?\d{4}\.\d\d/,
    example: "U-Boot 2023.01+dfsg-2 (Jan 20 2023 - 00:00:00 +0000)",
  },
];

const loader: readonly PhaseRule[] = [
  // A shell in the firmware volume is the firmware's own last resort.
  {
    phase: "loader",
    by: "EDK2, as it starts a boot option",
    pattern: /^BdsDxe: starting Boot[0-9A-F]{4} "[^"\n]*" from (?!Fv\()/,
    example: 'BdsDxe: starting Boot0001 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x1,0x0)',
  },
  {
    phase: "loader",
    by: "SeaBIOS, as it starts a boot sector",
    pattern: /^Booting from (?:Hard Disk|DVD\/CD|Floppy|[0-9a-f]{4}:[0-9a-f]{4})/,
    example: "Booting from Hard Disk...",
  },
  { phase: "loader", by: "GRUB", pattern: /^Welcome to GRUB!/, example: "Welcome to GRUB!" },
  { phase: "loader", by: "GRUB's boot sector", pattern: /^GRUB [Ll]oading\b/, example: "GRUB loading." },
  {
    phase: "loader",
    by: "GRUB's menu",
    pattern: /^ *GNU GRUB +version \d/,
    example: "                             GNU GRUB  version 2.06-13+deb12u1",
  },
  { phase: "loader", by: "GRUB's shell", pattern: /^grub(?: rescue)?> /, isPrompt: true, example: "grub> " },
  {
    phase: "loader",
    by: "GRUB's menu entry",
    pattern: /^ *Booting `[^\n]*'$/,
    example: "  Booting `Debian GNU/Linux'",
  },
  {
    phase: "loader",
    by: "GRUB's menu entry for Linux",
    pattern: /^Loading (?:Linux \S+ |initial ramdisk )\.\.\./,
    example: "Loading Linux 6.1.0-18-amd64 ...",
  },
  {
    phase: "loader",
    by: "syslinux",
    pattern: /^(?:SYS|ISO|EXT|PXE)LINUX \d/,
    example: "ISOLINUX 6.04 20200816 ETCD Copyright (C) 1994-2015 H. Peter Anvin et al",
  },
  {
    phase: "loader",
    by: "syslinux's and OpenBSD's prompt",
    pattern: /^boot(?:>|:) /,
    isPrompt: true,
    example: "boot> ",
  },
  {
    phase: "loader",
    by: "iPXE",
    pattern: /^iPXE (?:initialising|\d+\.\d+)/,
    example: "iPXE initialising devices...ok",
  },
  { phase: "loader", by: "FreeBSD's BTX", pattern: /^BTX loader \d/, example: "BTX loader 1.00  BTX version is 1.02" },
  { phase: "loader", by: "FreeBSD's boot blocks", pattern: /^>> FreeBSD/, example: ">> FreeBSD EFI boot block" },
  {
    phase: "loader",
    by: "FreeBSD's loader",
    pattern: /^FreeBSD\/\S+ (?:bootstrap|EFI|ZFS enabled|U-Boot) ?.*loader, Revision/,
    example: "FreeBSD/x86 bootstrap loader, Revision 1.1",
  },
  {
    phase: "loader",
    by: "FreeBSD's loader",
    pattern: /^(?:Loading|Consoles:) .*(?:loader\.conf|EFI console|video +console|serial port)/,
    example: "Loading /boot/defaults/loader.conf",
  },
  {
    phase: "loader",
    by: "OpenBSD's boot program",
    pattern: /^>> OpenBSD\/\S+ (?:BOOT|CDBOOT|PXEBOOT)/,
    example: ">> OpenBSD/amd64 BOOT 3.65",
  },
  {
    phase: "loader",
    by: "NetBSD's boot program",
    pattern: /^>> NetBSD\/\S+ .*(?:[Bb]oot|BOOT)/,
    example: ">> NetBSD/x86 BIOS Boot, Revision 5.11 (from NetBSD 9.3)",
  },
];

const kernel: readonly PhaseRule[] = [
  {
    phase: "kernel",
    by: "Linux",
    pattern: afterTime(String.raw`Linux version \d`),
    example: "[    0.000000] Linux version 6.1.0-18-cloud-amd64 (debian-kernel@lists.debian.org)",
  },
  {
    phase: "kernel",
    by: "Linux's EFI stub",
    pattern: /^EFI stub: /,
    example: "EFI stub: Loaded initrd from command line option",
  },
  {
    phase: "kernel",
    by: "Linux's decompressor",
    pattern: /^(?:Decompressing Linux\.\.\.|early console in )/,
    example: "Decompressing Linux... Parsing ELF... done.",
  },
  {
    phase: "kernel",
    by: "Linux's decompressor",
    pattern: /^Booting the kernel(?:\.| \()/,
    example: "Booting the kernel.",
  },
  { phase: "kernel", by: "FreeBSD", pattern: /^---<<BOOT>>---/, example: "---<<BOOT>>---" },
  {
    phase: "kernel",
    by: "FreeBSD",
    pattern: afterTime(String.raw`Copyright \(c\) 1992-\d{4} The FreeBSD Project`),
    example: "Copyright (c) 1992-2021 The FreeBSD Project.",
  },
  {
    phase: "kernel",
    by: "OpenBSD",
    pattern: /^\[ using \d+ bytes of bsd ELF symbol table \]/,
    example: "[ using 2592480 bytes of bsd ELF symbol table ]",
  },
  {
    phase: "kernel",
    by: "OpenBSD",
    pattern: /^Copyright \(c\) 1982, 1986, 1989, 1991, 1993$/,
    example: "Copyright (c) 1982, 1986, 1989, 1991, 1993",
  },
  {
    phase: "kernel",
    by: "OpenBSD",
    pattern: /^OpenBSD \d+\.\d+\S* \(\S+\) #\d/,
    example: "OpenBSD 7.4 (GENERIC.MP) #1397: Tue Oct 10 09:02:37 MDT 2023",
  },
  {
    phase: "kernel",
    by: "NetBSD",
    pattern: afterTime(String.raw`NetBSD \d+\.\d+\S* \(\S+\)`),
    example: "[   1.0000000] NetBSD 9.3 (GENERIC) #0: Thu Aug  4 15:30:37 UTC 2022",
  },
];

const init: readonly PhaseRule[] = [
  {
    phase: "init",
    by: "Linux, as it starts the first process",
    pattern: afterTime(String.raw`Run \S+ as init process`),
    example: "[    1.978090] Run /init as init process",
  },
  {
    phase: "init",
    by: "systemd",
    pattern: /systemd\[1\]: systemd \S+ running in system mode/,
    example: "[    2.101000] systemd[1]: systemd 252.22-1~deb12u1 running in system mode (+PAM +AUDIT)",
  },
  {
    phase: "init",
    by: "systemd",
    pattern: /^(?:Welcome to (?!GRUB!)[^!\n]{3,100}!|\[ {2}OK {2}\] (?:Started|Created|Reached|Listening) .*)$/,
    example: "Welcome to Debian GNU/Linux 12 (bookworm)!",
  },
  {
    phase: "init",
    by: "initramfs-tools",
    pattern: /^Begin: .+ \.\.\. /,
    example: "Begin: Loading essential drivers ... done.",
  },
  { phase: "init", by: "System V init", pattern: /^INIT: version \S+ booting/, example: "INIT: version 3.06 booting" },
  {
    phase: "init",
    by: "busybox",
    pattern: /^init started: BusyBox v/,
    example: "init started: BusyBox v1.35.0 (Debian 1:1.35.0-4+b3)",
  },
  {
    phase: "init",
    by: "OpenRC",
    pattern: /^ *OpenRC \S+ is starting up /,
    example: "   OpenRC 0.45.2 is starting up Linux 6.1.0 (x86_64)",
  },
  { phase: "init", by: "runit", pattern: /^- runit: enter stage: /, example: "- runit: enter stage: /etc/runit/1" },
  {
    phase: "init",
    by: "FreeBSD's kernel",
    pattern: afterTime("start_init: trying /"),
    example: "start_init: trying /sbin/init",
  },
  {
    phase: "init",
    by: "FreeBSD's rc",
    pattern: /^(?:Setting hostuuid: |Setting hostid: |Starting file system checks:)/,
    example: "Setting hostuuid: 5f3bb9d4-9c0a-11ee-8b7e-0cc47a34f1d2.",
  },
  {
    phase: "init",
    by: "OpenBSD's rc",
    pattern: /^Automatic boot in progress: starting file system checks\./,
    example: "Automatic boot in progress: starting file system checks.",
  },
  {
    phase: "init",
    by: "NetBSD's init and rc",
    pattern: /^(?:init: copying out path |Starting root file system check:)/,
    example: "Starting root file system check:",
  },
];

/** Where an image does not say what it prints when it is up: getty's prompt. */
const ready: readonly PhaseRule[] = [
  { phase: "ready", by: "getty", pattern: /^(?:[\w.-]{1,64} )?login: /, isPrompt: true, example: "debian login: " },
];

/** What begins each phase, as firmware, loaders, kernels and first processes print it. */
export const phaseRules: readonly PhaseRule[] = [...firmware, ...loader, ...kernel, ...init, ...ready];
