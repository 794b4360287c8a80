import type { Rule } from "../rule.ts";

/** Firmware, boot loaders, and the programs that bring a system up: whatever leaves a machine short of its login. */
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
    start:
      /^ASSERT(?:_EFI_ERROR)? (?:\(Status = .{1,40}\)|\[(?<module>\w+)\] .{1,200}\(\d+\): (?<text>.{1,100})|.{1,200}\(\d+\): (?<bare>.{1,100}))/,
    title: "ASSERT: {what}",
    fields: { what: /^ASSERT.{0,240}?\(\d+\): (.{1,100})/ },
    example: "ASSERT [DxeCore] /edk2/MdeModulePkg/Core/Dxe/Mem/Pool.c(716): Head->Signature == ((('p') | ('h' << 8)))",
  },
  {
    id: "uefi-exception",
    os: "uefi",
    type: "exception",
    start:
      /!!!! ?(?:X64|IA32|AARCH64|RISCV64|LOONGARCH64)? ?Exception Type - (?<number>[0-9A-Fa-f]+)\((?<name>[^)]{1,60})\)/,
    title: "UEFI exception: {name}",
    example: "!!!! X64 Exception Type - 0E(#PF - Page-Fault)  CPU Apic ID - 00000000 !!!!",
  },
  {
    id: "uefi-exception-arm",
    os: "uefi",
    type: "exception",
    start: /(?<name>Synchronous|SError|IRQ|FIQ) Exception at 0x[0-9A-Fa-f]{8,16}/,
    title: "UEFI exception: {name}",
    example: "Synchronous Exception at 0x000000005F3E4A10",
  },
  {
    id: "uefi-no-boot",
    os: "uefi",
    type: "no-boot",
    start: /BdsDxe: No bootable option or device was found|\bUnable to boot\b/,
    title: "no bootable device",
    oneLine: true,
    example: "BdsDxe: No bootable option or device was found.",
  },
  {
    id: "seabios-no-boot",
    os: "seabios",
    type: "no-boot",
    start: /^No bootable device\.|Boot failed: not a bootable disk/,
    title: "no bootable device",
    oneLine: true,
    example: "No bootable device.",
  },
  {
    id: "grub-rescue",
    os: "grub",
    type: "no-boot",
    start: /^(?:grub rescue> ?|Entering rescue mode\.\.\.)/,
    title: "GRUB rescue shell",
    example: "grub rescue> ",
  },
  {
    id: "grub-error",
    os: "grub",
    type: "no-boot",
    start:
      /^error: (?:\S{1,80}: ?\d+: ?)?(?<text>(?:file `.{1,120}' not found|no such (?:device|partition)|unknown filesystem|disk `.{1,80}' not found|symbol `.{1,80}' not found|you need to load the kernel first|invalid magic number|bad shim signature|out of memory))/,
    title: "GRUB error: {text}",
    example: "error: file `/boot/grub/i386-pc/normal.mod' not found.",
  },
  {
    id: "initramfs-shell",
    os: "init",
    type: "emergency",
    start:
      /^\(initramfs\) ?|^(?:ALERT!|Gave up waiting for root).{0,120}|Dropping to (?:a|debug) ?shell|Entering emergency mode\. Exit the shell/,
    title: "initramfs emergency shell",
    example: "(initramfs) ",
  },
  {
    id: "systemd-emergency",
    os: "init",
    type: "emergency",
    start: /You are in (?<mode>emergency|rescue) mode\.|Welcome to (?<welcome>emergency|rescue) mode!/,
    title: "systemd emergency mode",
    example: 'You are in emergency mode. After logging in, type "journalctl -xb" to view system logs.',
  },
  {
    id: "systemd-frozen",
    os: "init",
    type: "emergency",
    start: /systemd\[1\]: (?:Freezing execution|Caught <\w+>)/,
    title: "systemd froze",
    example: "systemd[1]: Freezing execution.",
  },
  {
    id: "syzkaller-executor",
    os: "init",
    type: "syz-failure",
    start: /^SYZFAIL: (?<text>.{1,100})/,
    title: "SYZFAIL: {text}",
    example: "SYZFAIL: mmap of data segment failed",
  },
  {
    id: "go-runtime",
    os: "init",
    type: "dos",
    start:
      /^(?:fatal error: (?:out of memory|all goroutines|unexpected signal|concurrent map|stack overflow|runtime).*|panic: runtime error: .*|runtime: out of memory.*|SIGSEGV: segmentation violation)/,
    title: "go runtime error",
    example: "panic: runtime error: invalid memory address or nil pointer dereference",
  },
];
