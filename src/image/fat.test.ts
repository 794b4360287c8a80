import fc from "fast-check";
import { expect, test } from "vitest";
import { type FatFile, writeFat16 } from "./fat.ts";

/** Reads every file of a FAT16 volume by the specification's own words, following the chains of both tables. */
function readFat16(volume: Buffer): Map<string, Buffer> {
  const clusterSize = volume.readUInt8(13) * 512;
  const reserved = volume.readUInt16LE(14);
  const tableSectors = volume.readUInt16LE(22);
  const tables = [0, 1].map((copy) => volume.subarray((reserved + copy * tableSectors) * 512));
  const rootAt = (reserved + 2 * tableSectors) * 512;
  const dataAt = rootAt + volume.readUInt16LE(17) * 32;
  const clusters = Math.floor((volume.length - dataAt) / clusterSize);
  expect(clusters).toBeGreaterThanOrEqual(4085);
  expect(clusters).toBeLessThan(65_525);
  const chain = (first: number): Buffer => {
    const parts: Buffer[] = [];
    for (let cluster = first; cluster >= 2 && cluster < 0xfff8; ) {
      parts.push(volume.subarray(dataAt + (cluster - 2) * clusterSize, dataAt + (cluster - 1) * clusterSize));
      const next = tables[0]?.readUInt16LE(cluster * 2) ?? 0;
      expect(tables[1]?.readUInt16LE(cluster * 2)).toBe(next);
      cluster = next;
    }
    return Buffer.concat(parts);
  };
  const found = new Map<string, Buffer>();
  const walk = (table: Buffer, prefix: string) => {
    for (let at = 0; at + 32 <= table.length && table[at] !== 0; at += 32) {
      const name = table.toString("latin1", at, at + 11);
      if (name.startsWith(".")) continue;
      const [stem, extension] = [name.slice(0, 8).trim(), name.slice(8).trim()];
      const path = prefix + stem + (extension && `.${extension}`);
      const contents = chain(table.readUInt16LE(at + 26));
      if (table.readUInt8(at + 11) === 0x10) walk(contents, `${path}/`);
      else found.set(path, contents.subarray(0, table.readUInt32LE(at + 28)));
    }
  };
  walk(volume.subarray(rootAt, dataAt), "");
  return found;
}

const word = fc.stringMatching(/^[A-Z][A-Z0-9]{0,7}$/);
const fileName = fc.tuple(word, fc.stringMatching(/^[A-Z]{3}$/)).map(([stem, extension]) => `${stem}.${extension}`);
const paths = fc.tuple(fc.array(word, { maxLength: 3 }), fileName).map((parts) => parts.flat().join("/"));
const contents = fc.integer({ min: 0, max: 40_000 }).map((length) => Buffer.alloc(length, `${length} bytes `));

test("every file comes back, whatever its folder and length", () => {
  const trees = fc.uniqueArray(fc.tuple(paths, contents), { selector: ([path]) => path, maxLength: 20 });
  fc.assert(
    fc.property(trees, (list) => {
      const files: FatFile[] = list.map(([path, data]) => ({ path, data }));
      expect(readFat16(writeFat16(files, 2048))).toEqual(new Map(list));
    }),
    { numRuns: 8 },
  );
});

test("a name that does not fit 8.3 is refused, and so is more than FAT16 holds", () => {
  const data = Buffer.alloc(0);
  expect(() => writeFat16([{ path: "EFI/bootx64.efi", data }], 0)).toThrowErrorMatchingInlineSnapshot(
    `[RangeError: "bootx64.efi" is not a FAT short name: write 8.3 in capitals]`,
  );
  expect(() => writeFat16([{ path: "TOOLONGNAME", data }], 0)).toThrow(RangeError);
  expect(() => writeFat16([{ path: "A", data: { length: 2 ** 30 } as Buffer }], 0)).toThrow("do not fit FAT16");
});
