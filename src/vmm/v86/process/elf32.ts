/** A piece of a kernel and where it goes in physical memory; memory behind the bytes, up to `size`, stays zero. */
export interface Segment {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly size: number;
}

export interface Executable {
  /** Physical address of the first instruction. */
  readonly entry: number;
  readonly segments: readonly Segment[];
}

const HEADER = 52;
const PROGRAM_HEADER = 32;
const LOADABLE = 1;
const [ET_EXEC, EM_386] = [2, 3];

export function isElf(bytes: Buffer): boolean {
  return bytes.length >= HEADER && bytes.readUInt32BE(0) === 0x7f454c46;
}

/** Reads a 32-bit x86 executable. Throws a RangeError that says what it is instead. */
export function readElf32(bytes: Buffer): Executable {
  if (!isElf(bytes)) throw new RangeError("not an ELF file");
  if (bytes[4] !== 1) throw new RangeError("a 64-bit ELF file, and v86 has no 64-bit mode");
  if (bytes.readUInt16LE(18) !== EM_386) throw new RangeError("an ELF file for another processor than x86");
  const start = bytes.readUInt32LE(28);
  const headers = Array.from({ length: bytes.readUInt16LE(44) }, (_, index) => {
    const at = start + index * bytes.readUInt16LE(42);
    const field = (number: number) => bytes.readUInt32LE(at + number * 4);
    return { type: field(0), offset: field(1), virtual: field(2), address: field(3), length: field(4), size: field(5) };
  }).filter(({ type }) => type === LOADABLE);

  const entry = bytes.readUInt32LE(24);
  const isPhysical = headers.some(({ address, size }) => entry >= address && entry < address + size);
  const home = headers.find(({ virtual, size }) => entry >= virtual && entry < virtual + size);
  return {
    // A Linux kernel's entry is a physical address already; others name the virtual one.
    entry: isPhysical || !home ? entry : entry - home.virtual + home.address,
    segments: headers.map(({ address, offset, length, size }) => {
      if (offset + length > bytes.length) throw new RangeError("an ELF file that is cut short");
      return { address, bytes: bytes.subarray(offset, offset + length), size };
    }),
  };
}

/** Writes a 32-bit x86 executable; `note` is put right behind its headers, where loaders look for magic numbers. */
export function writeElf32({ entry, segments }: Executable, note: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER);
  header.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  header.writeUInt16LE(ET_EXEC, 16);
  header.writeUInt16LE(EM_386, 18);
  header.writeUInt32LE(1, 20);
  header.writeUInt32LE(entry, 24);
  header.writeUInt32LE(HEADER, 28);
  header.writeUInt16LE(HEADER, 40);
  header.writeUInt16LE(PROGRAM_HEADER, 42);
  header.writeUInt16LE(segments.length, 44);
  header.writeUInt16LE(40, 46); // the size of a section header, though there is none: v86 wants it

  let offset = HEADER + segments.length * PROGRAM_HEADER + note.length;
  const table = segments.map(({ address, bytes, size }) => {
    const fields = [LOADABLE, offset, address, address, bytes.length, size, 7, 1];
    offset += bytes.length;
    const row = Buffer.alloc(PROGRAM_HEADER);
    fields.forEach((field, index) => {
      row.writeUInt32LE(field, index * 4);
    });
    return row;
  });
  return Buffer.concat([header, ...table, note, ...segments.map(({ bytes }) => bytes)]);
}
