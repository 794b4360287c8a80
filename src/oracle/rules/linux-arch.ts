import type { Rule } from "../rule.ts";

/** What single architectures say in their own words (arch/arm64, arch/riscv, arch/s390, arch/powerpc, arch/mips). */
export const linuxArchRules: readonly Rule[] = [
  {
    id: "linux-bad-permission",
    os: "linux",
    type: "memory-safety-bug",
    // arch/arm64/mm/fault.c, __do_kernel_fault.
    start:
      /Unable to handle kernel (?<what>execute from non-executable memory|write to read-only memory|read from unreadable memory|execution of user memory|tag check fault|pointer dereference in virtual \w+ address space)/,
    title: "BUG: unable to handle kernel {what} in {frame}",
    frames: ["pc", "stack"],
    example: "Unable to handle kernel write to read-only memory at virtual address ffff800010a51000",
  },
  {
    id: "linux-serror",
    os: "linux",
    type: "dos",
    start: /SError Interrupt on CPU ?\d+, code|Bad mode in .{1,40} handler detected/,
    title: "SError interrupt in {frame}",
    frames: ["pc", "stack"],
    example: "SError Interrupt on CPU0, code 0x00000000be000011 -- SError",
  },
  {
    id: "linux-early-exception",
    os: "linux",
    type: "dos",
    isFinal: true,
    start: /PANIC: early exception 0x(?<number>[0-9a-f]+)/,
    title: "PANIC: early exception in {frame}",
    frames: ["pc", "stack"],
    example: "PANIC: early exception 0x0e IP 10:ffffffff8a2b41c8 error 0 cr2 0xffffffffff200000",
  },
  {
    id: "linux-cfi",
    os: "linux",
    type: "bug",
    start: /CFI failure(?: at (?<frame>[\w.]+)\+0x| \(target)/,
    title: "CFI failure in {frame}",
    frames: ["line", "pc", "stack"],
    example: "CFI failure at lkdtm_indirect_call+0x16/0x30 [lkdtm] (target: lkdtm_increment_int+0x0/0x10)",
  },
  {
    id: "linux-idle-schedule",
    os: "linux",
    type: "atomic-sleep",
    start: /bad: scheduling from the idle thread!/,
    title: "BUG: scheduling from the idle thread in {frame}",
    frames: ["stack"],
    example: "bad: scheduling from the idle thread!",
  },
  {
    id: "linux-power-exception",
    os: "linux",
    type: "dos",
    start:
      /Unrecoverable (?<what>exception|FP unavailable exception|VSX unavailable exception) [0-9a-f]+ at|Bad kernel stack pointer/,
    title: "unrecoverable exception in {frame}",
    frames: ["pc", "stack"],
    follows: "always",
    example: "Unrecoverable exception 4100 at c000000000012345",
  },
  {
    id: "linux-bug-detected",
    os: "linux",
    type: "bug",
    // RISC-V and MIPS have no file and line in it.
    start: /^(?:Kernel BUG|Kernel bug detected) ?\[#\d+\]/,
    title: "kernel BUG in {frame}",
    follows: "before-trace",
    frames: ["pc", "stack"],
    example: "Kernel BUG [#1]",
  },
  {
    id: "linux-die",
    os: "linux",
    type: "dos",
    // The counter of die() is on every architecture the mark of an oops.
    start:
      /^(?:(?<what>[A-Za-z][\w /-]{2,60}?)(?:: ?[0-9a-f]{1,16})?(?: ilc:\d)?(?:: sig: \d+)?) ?\[#\d+\]:?(?: [A-Z_]+)*\s*$/,
    title: "{what} in {frame}",
    frames: ["pc", "stack"],
    follows: "always",
    example: "illegal operation: 0001 ilc:1 [#1] PREEMPT SMP",
  },
];
