const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000_0000 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  return crc >>> 0;
});

/** What POSIX's cksum(1) says of bytes: their CRC, in which their number is counted too. */
export function cksum(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = step(crc, byte);
  for (let rest = bytes.length; rest > 0; rest = Math.floor(rest / 256)) crc = step(crc, rest & 0xff);
  return ~crc >>> 0;
}

function step(crc: number, byte: number): number {
  return ((crc << 8) ^ (table[(crc >>> 24) ^ byte] ?? 0)) >>> 0;
}
