import { expect, test } from "vitest";
import type { AcceleratorName } from "../../machine/placement.ts";
import { readBytes, readCpuStates } from "./cpu-state.ts";
import { causeByCpus, type StoppedCpu } from "./reset-cause.ts";

/** Two vCPUs of QEMU 7.2 under KVM on AMD, after the first triple-faulted; lines that say nothing here are left out. */
const tripleFaulted = `
CPU#0
EAX=00000000 EBX=00000000 ECX=00000000 EDX=00060fb1
EIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0
CS =f000 ffff0000 0000ffff 00009a00
CR0=00000010 CR2=00000000 CR3=00000000 CR4=00000000

CPU#1
EAX=000f49f6 EBX=00000000 ECX=000002ff EDX=00000001
EIP=000fd09a EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=1
CS =0008 00000000 ffffffff 00c09b00 DPL=0 CS32 [-RA]
CR0=00000011 CR2=00000000 CR3=00000000 CR4=00000000
`.replaceAll("\n", "\r\n");

/** One in long mode, right behind `out dx, al`. */
const inLongMode = (ax: string, dx: string) => `
CPU#0
RAX=00000000000${ax} RBX=0000000000000001 RCX=0000000000000002 RDX=000000000000${dx}
RIP=0000000000103391 RFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0
CS =0018 0000000000000000 ffffffff 00a09b00 DPL=0 CS64 [-RA]
CR0=80000011 CR2=0000000000000000 CR3=0000000000109000 CR4=00000020
`;

const cpus = (text: string, ...code: number[][]): StoppedCpu[] =>
  readCpuStates(text).map((cpu, index) => ({ ...cpu, code: code[index] ?? [] }));
const cause = (accelerator: AcceleratorName, stopped: readonly StoppedCpu[], args: readonly string[] = []) =>
  causeByCpus({ accelerator, run: { file: "qemu", args } }, stopped);

test("registers are read in either width, and bytes from the monitor's rows", () => {
  expect(readCpuStates(tripleFaulted)).toEqual([
    { index: 0, address: 0xfffffff0n, dx: 0x0fb1, al: 0, isAtResetVector: true },
    { index: 1, address: 0xfd09an, dx: 1, al: 0xf6, isAtResetVector: false },
  ]);
  expect(readCpuStates(inLongMode("00c06", "0cf9"))).toMatchObject([{ address: 0x103391n, dx: 0xcf9, al: 6 }]);
  expect(readBytes("0000000000103389: 0x24 0x1c 0xb0 0x02\r\n000000000010338d: 0xee 0xb0\r\n")).toEqual([
    0x24, 0x1c, 0xb0, 0x02, 0xee, 0xb0,
  ]);
  expect(readBytes("Cannot access memory at address 0x1000\r\n")).toEqual([]);
  expect(readCpuStates("")).toEqual([]);
});

// Registers and code as petri-guest left them.
test.each([
  ["00c06", "0cf9", [0x06, 0xee], "cf9", "vCPU 0 has just written 06 to port cf9"],
  [
    "0000f",
    "0cf9",
    [0xc0, 0xee],
    "acpi-reset",
    "vCPU 0 has just written 0f to port cf9, the value of the ACPI reset register",
  ],
  ["040fe", "86a0", [0xe6, 0x64], "keyboard-controller", "vCPU 0 has just written fe to port 64"],
  ["04003", "03fd", [0xe6, 0x92], "port92", "vCPU 0 has just written 03 to port 92"],
])("KVM stops a vCPU behind what it wrote: AL %s, DX %s", (ax, dx, code, what, words) => {
  expect(cause("kvm", cpus(inLongMode(ax, dx), code))).toEqual({ cause: what, source: "registers", words });
});

test("KVM leaves a vCPU that triple-faulted at the reset vector on AMD, and where it faulted on Intel", () => {
  const inFirmware = [0xf4];
  expect(cause("kvm", cpus(tripleFaulted, [0x66, 0xc3], inFirmware))).toMatchObject({
    cause: "triple-fault",
    words: "vCPU 0 is in the state after INIT, which KVM gives a vCPU that triple-faulted",
  });
  const faulted = cpus(inLongMode("00000", "03fd"), [0x24, 0x06]);
  expect(cause("kvm", faulted)).toMatchObject({
    cause: "triple-fault",
    words: "no vCPU has just written to a port that resets the machine, which leaves a triple fault",
  });
});

test("nothing is concluded from elimination where there are other ways, or a vCPU's code cannot be read", () => {
  const faulted = inLongMode("00000", "03fd");
  expect(cause("kvm", cpus(faulted))).toBeUndefined();
  expect(cause("kvm", [])).toBeUndefined();
  expect(cause("kvm", cpus(faulted, [0x24, 0x06]), ["host,hv-reset"])).toBeUndefined();
  expect(cause("kvm", cpus(faulted, [0x24, 0x06]), ["isa-ipmi-kcs,bmc=b"])).toBeUndefined();
});

test("a processor that was never started stands at its reset vector, too: who wrote to a port counts first", () => {
  const [atReset] = cpus(tripleFaulted, [0x66, 0xc3]);
  const [asked] = cpus(inLongMode("00c06", "0cf9"), [0x06, 0xee]);
  if (!atReset || !asked) throw new Error("no vCPUs");
  expect(cause("kvm", [asked, { ...atReset, index: 1 }])?.cause).toBe("cf9");
  // As an INIT of Linux's leaves the first one, when another processor reboots.
  expect(cause("kvm", [atReset, { ...asked, index: 1 }])?.cause).toBe("cf9");
});

test("a serial port that was written to resets nothing", () => {
  const printing = cpus(inLongMode("0000a", "03f8"), [0x00, 0xee]);
  expect(cause("tcg", printing)).toBeUndefined();
  expect(cause("kvm", printing)?.cause).toBe("triple-fault");
});

test("TCG stops some instructions later: DX and AL tell, code does not", () => {
  expect(cause("tcg", cpus(inLongMode("00c06", "0cf9"), [0xb0, 0x01]))).toMatchObject({
    cause: "cf9",
    words: "vCPU 0 stopped with DX=0cf9 and AL=06",
  });
  expect(cause("tcg", cpus(inLongMode("0000f", "0cf9")))?.cause).toBe("acpi-reset");
  expect(cause("tcg", cpus(inLongMode("00c02", "0cf9")))).toBeUndefined();
  expect(cause("tcg", cpus(tripleFaulted))).toBeUndefined();
  expect(cause("tcg", cpus(inLongMode("040fe", "0064"), [0xe6, 0x64]))).toBeUndefined();
});

test("whoever writes to CF9 from a runtime driver of the firmware is the firmware", () => {
  const inFirmware = cpus(inLongMode("00c06", "0cf9"), [0x06, 0xee]).map((cpu) => ({ ...cpu, isInFirmware: true }));
  for (const accelerator of ["kvm", "tcg"] as const) {
    expect(cause(accelerator, inFirmware)).toMatchObject({
      cause: "firmware-reset",
      words: expect.stringMatching(/, in a runtime driver of the firmware$/),
    });
  }
});
