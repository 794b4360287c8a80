import type { Cpu } from "./v86-internals.ts";

const general = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
const segments = ["es", "cs", "ss", "ds", "fs", "gs", "tr", "ldtr"];

/** The CPU's registers as hex strings, in the order of the machine's own numbering. */
export function readRegisters(cpu: Cpu): Record<string, string> {
  const named = [
    ...general.map((name, index) => [name, cpu.reg32[index]] as const),
    ["eip", cpu.get_real_eip()] as const,
    ["eflags", cpu.get_eflags()] as const,
    ...[0, 2, 3, 4].map((index) => [`cr${index}`, cpu.cr[index]] as const),
    ...segments.map((name, index) => [name, cpu.sreg[index]] as const),
    ["gdt", cpu.gdtr_offset[0]] as const,
    ["gdt-limit", cpu.gdtr_size[0]] as const,
    ["idt", cpu.idtr_offset[0]] as const,
    ["idt-limit", cpu.idtr_size[0]] as const,
  ];
  return Object.fromEntries(named.map(([name, value]) => [name, `0x${((value ?? 0) >>> 0).toString(16)}`]));
}
