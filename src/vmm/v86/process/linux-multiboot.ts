import { bootParams } from "./boot-params.ts";
import { type Executable, isElf, readElf32, type Segment, writeElf32 } from "./elf32.ts";

export interface LinuxBoot {
  /** A 32-bit kernel: vmlinux (an ELF file), which boots fastest, or bzImage, which unpacks itself in the guest. */
  readonly kernel: Buffer;
  readonly initrd?: Uint8Array;
  readonly cmdline: string;
  readonly memoryBytes: number;
}

interface LinuxKernel extends Executable {
  readonly setupHeader?: Uint8Array;
  readonly cmdlineLimit: number;
  /** End of the memory that the kernel takes before it knows of anything else. */
  readonly end: number;
}

const PARAMS = 0x10000;
const CMDLINE = 0x11000;
const TRAMPOLINE = 0x13000;
/** i386 kernels map no more than this at first: 896 MiB. */
const INITRD_END = 0x38000000;
const PAGE = 4096;

/**
 * Makes one multiboot kernel of a Linux kernel, its initrd and its boot parameters, so that no BIOS and no boot loader
 * is needed: Linux's 32-bit boot protocol (Documentation/arch/x86/boot.rst) behind a trampoline. Throws a RangeError
 * that says why the kernel cannot be booted so.
 */
export function linuxMultiboot({ kernel, initrd, cmdline, memoryBytes }: LinuxBoot): Buffer {
  const { entry, segments, setupHeader, cmdlineLimit, end } = isElf(kernel) ? readVmlinux(kernel) : readBzImage(kernel);
  const text = Buffer.from(`${cmdline}\0`);
  if (text.length - 1 > cmdlineLimit) {
    throw new RangeError(`a command line of ${text.length - 1} bytes, and the kernel takes ${cmdlineLimit}`);
  }
  const placed = initrd && placeInitrd(initrd.length, end, memoryBytes);
  if (end >= memoryBytes) throw new RangeError(tooSmall(end, memoryBytes));

  const params = bootParams({
    ...(setupHeader && { setupHeader }),
    cmdlineAddress: CMDLINE,
    initrd: placed,
    memoryBytes,
  });
  const all: Segment[] = [
    segmentAt(PARAMS, params),
    segmentAt(CMDLINE, text),
    segmentAt(TRAMPOLINE, trampoline(entry)),
    ...segments,
    ...(placed && initrd ? [segmentAt(placed.address, initrd)] : []),
  ];
  return writeElf32({ entry: TRAMPOLINE + GDT.length, segments: all }, MULTIBOOT_HEADER);
}

function readVmlinux(bytes: Buffer): LinuxKernel {
  const executable = readElf32(bytes);
  const end = Math.max(...executable.segments.map(({ address, size }) => address + size));
  return { ...executable, cmdlineLimit: 2047, end };
}

function readBzImage(bytes: Buffer): LinuxKernel {
  const isBzImage = bytes.length > 0x260 && bytes.toString("latin1", 0x202, 0x206) === "HdrS";
  if (!isBzImage || bytes.readUInt16LE(0x206) < 0x20a) {
    throw new RangeError("neither an ELF file nor a bzImage of boot protocol 2.10 or newer");
  }
  // XLF_KERNEL_64: the kernel has a 64-bit entry point, so what is packed in it is a 64-bit kernel.
  if ((bytes.readUInt16LE(0x236) & 1) !== 0) throw new RangeError("a 64-bit kernel, and v86 has no 64-bit mode");
  const protectedMode = bytes.subarray(((bytes[0x1f1] || 4) + 1) * 512);
  const entry = bytes.readUInt32LE(0x214);
  return {
    entry,
    segments: [segmentAt(entry, protectedMode)],
    setupHeader: bytes.subarray(0x1f1, 0x202 + (bytes[0x201] ?? 0)),
    cmdlineLimit: bytes.readUInt32LE(0x238),
    // pref_address + init_size: where it unpacks itself, and the memory it uses there.
    end: bytes.readUInt32LE(0x258) + bytes.readUInt32LE(0x260),
  };
}

// At the top of memory, as boot loaders do: the kernel's early allocations grow upwards from its own end.
function placeInitrd(length: number, kernelEnd: number, memoryBytes: number) {
  // v86 loads no segment that ends exactly where memory does: the last page stays free.
  const top = Math.min(memoryBytes - PAGE, INITRD_END);
  const address = Math.floor((top - length) / PAGE) * PAGE;
  if (address < kernelEnd) throw new RangeError(tooSmall(kernelEnd + length + PAGE, memoryBytes));
  return { address, length };
}

function tooSmall(needed: number, memoryBytes: number): string {
  const mib = (bytes: number) => Math.ceil(bytes / 2 ** 20);
  return `needs more than ${mib(needed)} MiB of memory with its initrd, and the machine has ${mib(memoryBytes)}`;
}

function segmentAt(address: number, bytes: Uint8Array): Segment {
  return { address, bytes, size: bytes.length };
}

const MULTIBOOT_HEADER = Buffer.alloc(12);
[0x1badb002, 0, -0x1badb002].forEach((field, index) => {
  MULTIBOOT_HEADER.writeInt32LE(field, index * 4);
});

// The protocol's segments: 10h code, 18h data, flat.
const GDT = Buffer.from("0000000000000000" + "0000000000000000" + "ffff0000009bcf00" + "ffff00000093cf00", "hex");

function trampoline(entry: number): Buffer {
  const code = TRAMPOLINE + GDT.length;
  const bytes = [
    ...[0x0f, 0x01, 0x15, ...dword(code + 48)], //   lgdt [descriptor]
    ...[0xea, ...dword(code + 14), 0x10, 0x00], //   jmp  10h:next
    ...[0xb8, ...dword(0x18)], //              next: mov  eax, 18h
    ...[0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0], //      mov  ds, eax;  mov es, eax;  mov ss, eax
    ...[0xbe, ...dword(PARAMS)], //                  mov  esi, boot parameters
    ...[0xbc, ...dword(PARAMS)], //                  mov  esp, below them
    ...[0x31, 0xdb, 0x31, 0xed, 0x31, 0xff], //      xor  ebx, ebx;  xor ebp, ebp;  xor edi, edi
    ...[0xb8, ...dword(entry), 0xff, 0xe0], //       mov  eax, entry;  jmp eax
  ];
  const descriptor = [GDT.length - 1, 0, ...dword(TRAMPOLINE)];
  return Buffer.from([...GDT, ...bytes, ...descriptor]);
}

function dword(value: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return [...bytes];
}
