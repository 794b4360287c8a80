import type { Cpu } from "./v86-internals.ts";

const DOUBLE_FAULT = 8;
const GENERAL_PROTECTION = 13;
const FIRST_UNUSABLE_LIMIT = (DOUBLE_FAULT << 2) | 3;

/**
 * Tells a guest's triple fault from a fault of v86 itself, by what the emulation threw. v86 does not raise #GP and #DF
 * when an exception cannot be delivered: its Rust code panics (WebAssembly `unreachable`), or recurses until the stack is
 * full when the IDT's own page is missing. It is a triple fault if the guest's IDT could have taken neither #GP nor #DF.
 */
export function tripleFault(error: unknown, cpu: Cpu): string | undefined {
  if (error instanceof RangeError && error.message.includes("call stack")) {
    return describe(cpu, "an exception kept recurring while it was delivered");
  }
  if (!(error instanceof WebAssembly.RuntimeError) || !/call_interrupt_vector/.test(error.stack ?? ""))
    return undefined;
  if (isDeliverable(GENERAL_PROTECTION, cpu) || isDeliverable(DOUBLE_FAULT, cpu)) return undefined;
  return describe(cpu, "an exception could not be delivered");
}

/**
 * A CPU that halted for good in real mode with an IDT that cannot hold a #DF vector: v86 ignores the IDT register in
 * real mode, so a guest that loads an empty IDT and faults, to reset the machine, only reaches the HLT behind it.
 */
export function tripleFaultInRealMode(cpu: Cpu): string | undefined {
  if (cpu.protected_mode[0] === 1 || limitOf(cpu) >= FIRST_UNUSABLE_LIMIT) return undefined;
  return describe(cpu, "halted in real mode with an IDT too small for any exception");
}

// Intel SDM vol. 3, 6.11 and 6.14: a gate works if it lies within the limit, has a gate type, and is present.
function isDeliverable(vector: number, cpu: Cpu): boolean {
  if (((vector << 3) | 7) > limitOf(cpu)) return false;
  try {
    const base = cpu.translate_address_system_read(((cpu.idtr_offset[0] ?? 0) + (vector << 3)) | 0) >>> 0;
    const access = cpu.mem8[base + 5] ?? 0;
    const type = access & 0x1f;
    const selector = (cpu.mem8[base + 2] ?? 0) | ((cpu.mem8[base + 3] ?? 0) << 8);
    const isGate = type === 0x05 || type === 0x06 || type === 0x07 || type === 0x0e || type === 0x0f;
    return (access & 0x80) !== 0 && isGate && selector >> 2 !== 0 && (selector | 7) <= (cpu.gdtr_size[0] ?? 0);
  } catch {
    return false;
  }
}

function limitOf(cpu: Cpu): number {
  return (cpu.idtr_size[0] ?? 0) & 0xffff;
}

function describe(cpu: Cpu, what: string): string {
  const hex = (value: number | undefined) => `0x${((value ?? 0) >>> 0).toString(16)}`;
  const mode = cpu.protected_mode[0] === 1 ? "protected" : "real";
  return `${what}: ${mode} mode, eip ${hex(cpu.get_real_eip())}, idt ${hex(cpu.idtr_offset[0])} limit ${hex(limitOf(cpu))}`;
}
