import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Disk } from "./machine.ts";

const BLOCK = 64 * 1024;
/** Unwritten blocks kept in memory, 16 MiB; the kernel's page cache has the rest. */
const CLEAN_BLOCKS = 256;

/**
 * A disk whose image is only ever read: block by block as the guest wants it, so that a large image costs nothing at
 * the start. What the guest writes stays in memory, survives its resets, and ends with the process.
 */
export class OverlayDisk implements Disk {
  readonly byteLength: number;
  onload: (() => void) | undefined;
  readonly #file: number;
  readonly #written = new Map<number, Uint8Array>();
  /** In the order of use, oldest first. */
  readonly #clean = new Map<number, Uint8Array>();

  /** `sizeFor` turns the file's size into the disk's; what lies behind the file's end reads as zeros. */
  constructor(path: string, sizeFor: (fileBytes: number) => number) {
    this.#file = openSync(path, "r");
    try {
      const stat = fstatSync(this.#file);
      if (!stat.isFile()) throw new Error(`${path} is not a regular file`);
      this.byteLength = sizeFor(stat.size);
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  load(): void {
    this.onload?.();
  }

  get(start: number, length: number, done: (bytes: Uint8Array) => void): void {
    done(this.get_from_cache(start, length));
  }

  get_and_cache(start: number, length: number, done: (bytes: Uint8Array) => void): void {
    this.get(start, length, done);
  }

  get_from_cache(start: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#eachBlock(start, length, (index, from, to, at) => bytes.set(this.#read(index).subarray(from, to), at));
    return bytes;
  }

  set(start: number, bytes: Uint8Array, done: () => void): void {
    this.#eachBlock(start, bytes.length, (index, from, to, at) => {
      this.#writable(index).set(bytes.subarray(at, at + to - from), from);
    });
    done();
  }

  #eachBlock(
    start: number,
    length: number,
    visit: (index: number, from: number, to: number, at: number) => void,
  ): void {
    for (let at = 0; at < length; ) {
      const index = Math.floor((start + at) / BLOCK);
      const from = start + at - index * BLOCK;
      const to = Math.min(BLOCK, from + length - at);
      visit(index, from, to, at);
      at += to - from;
    }
  }

  #read(index: number): Uint8Array {
    const known = this.#written.get(index) ?? this.#clean.get(index);
    const block = known ?? this.#load(index);
    if (this.#written.has(index)) return block;
    this.#clean.delete(index);
    this.#clean.set(index, block);
    const [oldest] = this.#clean.keys();
    if (this.#clean.size > CLEAN_BLOCKS && oldest !== undefined) this.#clean.delete(oldest);
    return block;
  }

  #writable(index: number): Uint8Array {
    const block = this.#read(index);
    this.#clean.delete(index);
    this.#written.set(index, block);
    return block;
  }

  // Synchronous, as the guest waits for it anyway: v86 then answers within the port access, as its own buffers do.
  #load(index: number): Uint8Array {
    const block = new Uint8Array(BLOCK);
    let filled = 0;
    while (filled < BLOCK) {
      const count = readSync(this.#file, block, filled, BLOCK - filled, index * BLOCK + filled);
      if (count === 0) break;
      filled += count;
    }
    return block;
  }
}

/** A size in whole sectors. */
export function wholeSectors(sectorBytes: number): (fileBytes: number) => number {
  return (fileBytes) => Math.max(1, Math.ceil(fileBytes / sectorBytes)) * sectorBytes;
}

const floppyKib = [160, 180, 320, 360, 720, 1200, 1440, 2880];

/** The smallest floppy that holds the image. */
export function floppySize(fileBytes: number): number {
  const kib = floppyKib.find((size) => size * 1024 >= fileBytes);
  if (kib === undefined) throw new Error(`${fileBytes} bytes fit on no floppy: the largest has 2880 KiB`);
  return kib * 1024;
}
