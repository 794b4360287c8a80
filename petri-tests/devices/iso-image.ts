/** ISO 9660 counts in sectors of this size; the first sixteen are the system's own (ECMA-119 §6.1, §6.2). */
const sectorBytes = 2048;
const [descriptorAt, terminatorAt, pathTableAt, rootAt, fileAt, sectors] = [16, 17, 18, 20, 21, 22];
const pathTableBytes = 10;

/** A disc with one file of at most a sector: `name` as the guest sees it, in lower case and without a version. */
export function isoImage(label: string, name: string, text: string): Buffer {
  const disc = Buffer.alloc(sectors * sectorBytes);
  const sector = (at: number) => disc.subarray(at * sectorBytes, (at + 1) * sectorBytes);
  writeDescriptor(sector(descriptorAt), label);
  sector(terminatorAt).write("\xffCD001\x01", "latin1");
  sector(pathTableAt).writeUInt8(1, 0);
  sector(pathTableAt).writeUInt32LE(rootAt, 2);
  sector(pathTableAt).writeUInt16LE(1, 6);
  sector(pathTableAt + 1).writeUInt8(1, 0);
  sector(pathTableAt + 1).writeUInt32BE(rootAt, 2);
  sector(pathTableAt + 1).writeUInt16BE(1, 6);
  const file = record(`${name.toUpperCase()};1`, fileAt, Buffer.byteLength(text), 0);
  Buffer.concat([record("\0", rootAt, sectorBytes, 2), record("\x01", rootAt, sectorBytes, 2), file]).copy(
    sector(rootAt),
  );
  sector(fileAt).write(text);
  return disc;
}

/** ECMA-119 §8.4, the primary volume descriptor. Text fields are filled with spaces. */
function writeDescriptor(sector: Buffer, label: string): void {
  sector.write("\x01CD001\x01", "latin1");
  sector.fill(" ", 8, 72);
  sector.write(label, 40, "latin1");
  bothEndian32(sectors).copy(sector, 80);
  for (const at of [120, 124]) bothEndian16(1).copy(sector, at);
  bothEndian16(sectorBytes).copy(sector, 128);
  bothEndian32(pathTableBytes).copy(sector, 132);
  sector.writeUInt32LE(pathTableAt, 140);
  sector.writeUInt32BE(pathTableAt + 1, 148);
  record("\0", rootAt, sectorBytes, 2).copy(sector, 156);
  sector.fill(" ", 190, 813);
  sector.fill("0", 813, 881);
  sector.writeUInt8(1, 881);
}

/** ECMA-119 §9.1, a directory record. */
function record(name: string, at: number, bytes: number, flags: number): Buffer {
  const length = 33 + name.length + ((name.length + 1) % 2);
  const entry = Buffer.alloc(length);
  entry.writeUInt8(length, 0);
  bothEndian32(at).copy(entry, 2);
  bothEndian32(bytes).copy(entry, 10);
  entry.writeUInt8(flags, 25);
  bothEndian16(1).copy(entry, 28);
  entry.writeUInt8(name.length, 32);
  entry.write(name, 33, "latin1");
  return entry;
}

function bothEndian16(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(value, 0);
  bytes.writeUInt16BE(value, 2);
  return bytes;
}

function bothEndian32(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value, 0);
  bytes.writeUInt32BE(value, 4);
  return bytes;
}
