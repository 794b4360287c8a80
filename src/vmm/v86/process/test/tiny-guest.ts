import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LOAD = 0x100000;
const HEADER_BYTES = 32;

/** A multiboot kernel of a few instructions; returns its path. */
export function tinyGuest(code: Uint8Array): string {
  const header = Buffer.alloc(HEADER_BYTES);
  const flags = 0x10000; // the header tells where to load
  [0x1badb002, flags, -(0x1badb002 + flags), LOAD, LOAD, 0, 0, LOAD + HEADER_BYTES].forEach((field, index) => {
    header.writeInt32LE(field | 0, index * 4);
  });
  const path = join(mkdtempSync(join(tmpdir(), "petri-guest-")), "kernel");
  writeFileSync(path, Buffer.concat([header, code]));
  return path;
}

/** Sends back what it receives on the UART at `port`. */
export function echoGuest(port: number): string {
  return tinyGuest(
    Buffer.from([
      ...[0xba, ...low(port + 5), 0, 0], //  wait: mov  edx, line status
      ...[0xec, 0xa8, 0x01, 0x74, 0xfb], //  poll: in   al, dx;  test al, 1;  jz poll
      ...[0xba, ...low(port), 0, 0], //            mov  edx, data
      ...[0xec, 0xee, 0xeb, 0xed], //              in   al, dx;  out  dx, al;  jmp wait
    ]),
  );
}

/** What tiny guests are made of: `out` of 8, 16 or 32 bits, `in` of 8 bits that is said on COM1, and a dead stop. */
export const out8 = (port: number, value: number) => [0xba, ...low(port), 0, 0, 0xb0, value, 0xee];
export const out16 = (port: number, value: number) => [0xba, ...low(port), 0, 0, 0x66, 0xb8, ...low(value), 0xef];
export const out32 = (port: number, value: number) => [
  ...[0xba, ...low(port), 0, 0, 0xb8, ...low(value & 0xffff), ...low(value >>> 16)],
  0xef,
];
export const sayPort = (port: number) => [0xba, ...low(port), 0, 0, 0xec, 0xba, ...low(0x3f8), 0, 0, 0xee];
export const halt = [0xfa, 0xf4];

function low(word: number): [number, number] {
  return [word & 0xff, word >> 8];
}
