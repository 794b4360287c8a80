import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { HostError } from "../machine/errors.ts";

export interface ElfSymbol {
  readonly address: bigint;
  readonly size: number;
}

/** No kernel's symbols come near. */
const mostBytes = 256 * 1024 * 1024;
const symbolTable = 2;

/**
 * Where functions of an ELF file are (System V ABI, chapter 4). Only its symbol table is read, not the gigabyte of
 * debug information beside it. Throws HostError for a file that is no little-endian ELF or has no symbols.
 */
export function elfSymbols(path: string, wanted: ReadonlySet<string>): Map<string, ElfSymbol[]> {
  const fd = openSync(path, "r");
  try {
    const read = (offset: number, length: number): Buffer => {
      if (length > mostBytes || offset + length > fstatSync(fd).size) throw new HostError(`${path} is cut off`);
      const bytes = Buffer.alloc(length);
      readSync(fd, bytes, 0, length, offset);
      return bytes;
    };
    const header = read(0, 64);
    if (header.readUInt32BE(0) !== 0x7f454c46 || header[5] !== 1) throw new HostError(`${path} is no ELF file`);
    return symbolsOf(header[4] === 2 ? elf64 : elf32, header, read, wanted, path);
  } finally {
    closeSync(fd);
  }
}

/** Where the fields of the two classes stand. */
interface Layout {
  readonly sectionOffset: (header: Buffer) => number;
  readonly sectionSize: number;
  readonly counts: number;
  section(bytes: Buffer): { type: number; offset: number; size: number; link: number };
  readonly symbolSize: number;
  symbol(bytes: Buffer, at: number): { name: number; info: number; address: bigint; size: number };
}

const elf64: Layout = {
  sectionOffset: (header) => Number(header.readBigUInt64LE(40)),
  sectionSize: 64,
  counts: 60,
  section: (bytes) => ({
    type: bytes.readUInt32LE(4),
    offset: Number(bytes.readBigUInt64LE(24)),
    size: Number(bytes.readBigUInt64LE(32)),
    link: bytes.readUInt32LE(40),
  }),
  symbolSize: 24,
  symbol: (bytes, at) => ({
    name: bytes.readUInt32LE(at),
    info: bytes.readUInt8(at + 4),
    address: bytes.readBigUInt64LE(at + 8),
    size: Number(bytes.readBigUInt64LE(at + 16)),
  }),
};

const elf32: Layout = {
  sectionOffset: (header) => header.readUInt32LE(32),
  sectionSize: 40,
  counts: 48,
  section: (bytes) => ({
    type: bytes.readUInt32LE(4),
    offset: bytes.readUInt32LE(16),
    size: bytes.readUInt32LE(20),
    link: bytes.readUInt32LE(24),
  }),
  symbolSize: 16,
  symbol: (bytes, at) => ({
    name: bytes.readUInt32LE(at),
    address: BigInt(bytes.readUInt32LE(at + 4)),
    size: bytes.readUInt32LE(at + 8),
    info: bytes.readUInt8(at + 12),
  }),
};

function symbolsOf(
  layout: Layout,
  header: Buffer,
  read: (offset: number, length: number) => Buffer,
  wanted: ReadonlySet<string>,
  path: string,
): Map<string, ElfSymbol[]> {
  const start = layout.sectionOffset(header);
  const sections = Array.from({ length: header.readUInt16LE(layout.counts) }, (_, index) =>
    layout.section(read(start + index * layout.sectionSize, layout.sectionSize)),
  );
  const table = sections.find(({ type }) => type === symbolTable);
  const names = table && sections[table.link];
  if (!table || !names) throw new HostError(`${path} has no symbols: give the vmlinux of the build, not what boots`);
  const symbols = read(table.offset, table.size);
  const text = read(names.offset, names.size);
  const found = new Map<string, ElfSymbol[]>();
  for (let at = 0; at + layout.symbolSize <= symbols.length; at += layout.symbolSize) {
    const { name, info, address, size } = layout.symbol(symbols, at);
    // Functions, and what assembly left without a type.
    if ((info & 0xf) !== 2 && (info & 0xf) !== 0) continue;
    const symbol = text.toString("latin1", name, text.indexOf(0, name));
    if (wanted.has(symbol)) found.set(symbol, [...(found.get(symbol) ?? []), { address, size }]);
  }
  return found;
}
