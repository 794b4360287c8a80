import type { Rule } from "../rule.ts";

/** Optional parts of GRUB whose absence changes nothing: translations, fonts, pictures, themes. */
const ornament = String.raw`[^']{0,200}(?:\.(?:gmo|mo|pf2|png|jpe?g|tga)|/locale/[^']*|/themes/[^']*)'`;
const grubErrors = [
  String.raw`file \`(?!${ornament}).{1,120}' not found`,
  "no such (?:device|partition)",
  "unknown filesystem",
  "disk `.{1,80}' not found",
  "symbol `.{1,80}' not found",
  "you need to load the kernel first",
  "invalid (?:magic number|signature|arch-independent ELF magic|file name)",
  "bad shim signature",
  "verification requested but nobody cares",
  "prohibited by secure boot policy",
  "out of (?:memory|partition)",
  "premature end of file",
  "attempt to read or write outside of (?:disk|partition)",
  "failure reading sector",
  "can't find command `(?:linux|initrd|multiboot|chainloader|search|normal)",
  "couldn't load image",
].join("|");

/** Firmware and boot loaders: whatever keeps a machine from starting its system. */
export const bootRules: readonly Rule[] = [
  {
    id: "linux-reboot",
    os: "linux",
    type: "reboot",
    start: /^Linux version \d|^Booting the kernel\b/,
    title: "unexpected kernel reboot",
    midRun: true,
    oneLine: true,
    example: "[   12.345678] random: crng init done, no error\n[    0.000000] Linux version 6.12.0 (build@demo) #1 SMP",
  },
  {
    id: "uefi-assert",
    os: "uefi",
    type: "assert",
    isFinal: true,
    start:
      /^ASSERT(?:_EFI_ERROR)? (?:\[(?<module>\w+)\] .{1,200}\(\d+\): (?<text>.{1,100})|.{1,200}\(\d+\): (?<bare>.{1,100}))/,
    title: "ASSERT: {what}",
    fields: { what: /^ASSERT.{0,240}?\(\d+\): (.{1,100})/ },
    example: "ASSERT [DxeCore] /edk2/MdeModulePkg/Core/Dxe/Mem/Pool.c(716): Head->Signature == ((('p') | ('h' << 8)))",
  },
  {
    id: "uefi-assert-status",
    os: "uefi",
    type: "assert",
    isFinal: true,
    start: /^ASSERT_EFI_ERROR \((?<what>Status = [^)]{1,40})\)/,
    title: "ASSERT: {what}",
    example: "ASSERT_EFI_ERROR (Status = Not Found)",
  },
  {
    id: "uefi-exception",
    os: "uefi",
    type: "exception",
    isFinal: true,
    start:
      /!!!! ?(?:X64|IA32|AARCH64|RISCV64|LOONGARCH64)? ?Exception Type - (?<number>[0-9A-Fa-f]+)\((?<name>[^)]{1,60})\)/,
    title: "UEFI exception: {name}",
    example: "!!!! X64 Exception Type - 0E(#PF - Page-Fault)  CPU Apic ID - 00000000 !!!!",
  },
  {
    id: "uefi-exception-arm",
    os: "uefi",
    type: "exception",
    isFinal: true,
    start:
      /^(?<name>Synchronous|SError|IRQ|FIQ|Prefetch Abort|Data Abort|Undefined Instruction|SWI|Software Interrupt|Reset|Reserved) Exception(?: PC)? at 0x[0-9A-Fa-f]{4,16}/,
    title: "UEFI exception: {name}",
    example: "Synchronous Exception at 0x000000005F3E4A10",
  },
  {
    id: "uefi-no-boot",
    os: "uefi",
    type: "no-boot",
    // From the firmware's own volume, the shell is where EDK2 ends up when nothing else starts.
    start:
      /BdsDxe: (?:No bootable option or device was found|starting Boot\w{4} "[^"]{0,60}Shell" from Fv\()|\bUnable to boot\b/,
    title: "no bootable device",
    oneLine: true,
    example: "BdsDxe: No bootable option or device was found.",
  },
  {
    id: "seabios-no-boot",
    os: "seabios",
    type: "no-boot",
    isFinal: true,
    start: /^No bootable device\.|^FATAL: No bootable medium found/,
    title: "no bootable device",
    oneLine: true,
    example: "No bootable device.",
  },
  {
    id: "grub-rescue",
    os: "grub",
    type: "no-boot",
    isFinal: true,
    isPrompt: true,
    start: /^(?:grub rescue> ?|Entering rescue mode\.\.\.)/,
    title: "GRUB rescue shell",
    example: "grub rescue> ",
  },
  {
    id: "grub-shell",
    os: "grub",
    type: "no-boot",
    isFinal: true,
    isPrompt: true,
    // The line's beginning may be broken up by cursor movements, as SeaBIOS sends them.
    start: /\bline editing is supported\. {1,3}For the first word/,
    title: "GRUB command line",
    oneLine: true,
    example: "   Minimal BASH-like line editing is supported. For the first word, TAB",
  },
  {
    id: "grub-error",
    os: "grub",
    type: "no-boot",
    start: new RegExp(String.raw`^error: (?:\S{1,80}: ?\d+: ?)?(?<text>${grubErrors})`),
    title: "GRUB error: {text}",
    example: "error: file `/boot/grub/i386-pc/normal.mod' not found.",
  },
  {
    id: "pc-no-system",
    os: "loader",
    type: "no-boot",
    // What boot sectors say (FreeDOS, syslinux, Windows, FreeBSD).
    start:
      /^(?:(?:Missing|Error loading) [Oo]perating [Ss]ystem|Operating [Ss]ystem not found|Invalid partition table|Non-[Ss]ystem disk|Boot error|No \/boot\/loader|This is not a bootable disk)/,
    title: "no operating system",
    oneLine: true,
    example: "Missing operating system",
  },
  {
    id: "loader-no-kernel",
    os: "loader",
    type: "no-boot",
    isFinal: true,
    // isolinux and syslinux; loader(8) of FreeBSD; U-Boot.
    start:
      /^(?:Could not find kernel image: .{1,80}|No DEFAULT or UI configuration directive found!|can't load '.{1,80}'|### ERROR ### Please RESET the board ###)/,
    title: "boot loader found no kernel",
    oneLine: true,
    example: "Could not find kernel image: linux",
  },
  {
    id: "bsd-root-prompt",
    os: "loader",
    type: "no-boot",
    isFinal: true,
    isPrompt: true,
    // vfs_mountroot.c of FreeBSD; the BSDs' setroot().
    start: /^mountroot> ?|^root device(?: \(default [^)]{1,20}\))?: ?$/,
    title: "no root file system",
    example: "mountroot> ",
  },
];
