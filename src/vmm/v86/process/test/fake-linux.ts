import { writeElf32 } from "../elf32.ts";

/** What the fake kernel prints on COM1. */
export function expectedOutput(cmdline: string, initrd: string): string {
  return `HdrS${cmdline}\0${initrd}`;
}

/** Prints the boot protocol's magic, the command line and the initrd, all as its boot parameters (ESI) name them; halts. */
const code = Buffer.from(
  [
    "89f3", //         mov  ebx, esi
    "66baf803", //     mov  dx, 3f8h
    "8db302020000", // lea  esi, [ebx + 202h]
    "b904000000", //   mov  ecx, 4
    "f36e", //         rep  outsb
    "8bb328020000", // mov  esi, [ebx + 228h]
    "acee84c075fa", // lodsb;  out dx, al;  test al, al;  jnz -6
    "8bb318020000", // mov  esi, [ebx + 218h]
    "8b8b1c020000", // mov  ecx, [ebx + 21ch]
    "f36efaf4", //     rep  outsb;  cli;  hlt
  ].join(""),
  "hex",
);

/** A vmlinux for physical address 16 MiB. */
export function fakeVmlinux(): Buffer {
  const entry = 0x1000000;
  return writeElf32({ entry, segments: [{ address: entry, bytes: code, size: 0x10000 }] }, Buffer.alloc(0));
}

/** A bzImage that needs no unpacking. */
export function fakeBzImage({ xloadflags = 0 } = {}): Buffer {
  const image = Buffer.alloc(1024 + code.length);
  image[0x1f1] = 1; // setup sectors, after the boot sector
  image.writeUInt16LE(0xaa55, 0x1fe);
  image[0x201] = 0x6a; // where the setup header ends
  image.write("HdrS", 0x202, "latin1");
  image.writeUInt16LE(0x020f, 0x206);
  image[0x211] = 0x01; // loaded high
  image.writeUInt32LE(0x100000, 0x214);
  image.writeUInt16LE(xloadflags, 0x236);
  image.writeUInt32LE(2047, 0x238);
  image.writeUInt32LE(0x1000000, 0x258); // pref_address
  image.writeUInt32LE(0x100000, 0x260); // init_size
  code.copy(image, 1024);
  return image;
}
