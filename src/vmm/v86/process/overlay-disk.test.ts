import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { floppySize, OverlayDisk, wholeSectors } from "./overlay-disk.ts";

const path = join(mkdtempSync(join(tmpdir(), "petri-disk-")), "image");
const SIZE = 300_000;
writeFileSync(path, Buffer.from(Array.from({ length: SIZE }, (_, index) => (index * 7 + (index >> 8)) & 0xff)));

const read = (disk: OverlayDisk, start: number, length: number): Uint8Array => {
  let got = new Uint8Array();
  disk.get(start, length, (bytes) => {
    got = new Uint8Array(bytes);
  });
  return got;
};

test("a disk has whole sectors; behind the image it is zeros", () => {
  const disk = new OverlayDisk(path, wholeSectors(512));
  expect(disk.byteLength).toBe(300_032);
  expect(read(disk, SIZE - 2, 34)).toEqual(
    new Uint8Array([...readFileSync(path).subarray(-2), ...new Array(32).fill(0)]),
  );
  expect(new OverlayDisk(path, wholeSectors(2048)).byteLength).toBe(301_056);
});

test("reads and writes anywhere are those of one flat memory, and the image stays as it is", () => {
  const image = readFileSync(path);
  const place = fc
    .nat(SIZE - 1)
    .chain((start) => fc.tuple(fc.constant(start), fc.nat(Math.min(SIZE - start, 150_000))));
  const step = fc.record({ place, fill: fc.option(fc.nat(255)) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const disk = new OverlayDisk(path, () => SIZE);
      const model = Buffer.from(image);
      for (const { place, fill } of steps) {
        const [start, length] = place;
        if (fill === null)
          expect(Buffer.compare(read(disk, start, length), model.subarray(start, start + length))).toBe(0);
        else {
          model.fill(fill, start, start + length);
          disk.set(start, new Uint8Array(length).fill(fill), () => {});
        }
      }
      expect(Buffer.compare(read(disk, 0, SIZE), model)).toBe(0);
    }),
    { numRuns: 50 },
  );
  expect(readFileSync(path).equals(image)).toBe(true);
});

test("a floppy has one of the sizes that floppies have", () => {
  expect(floppySize(1)).toBe(160 * 1024);
  expect(floppySize(1_440 * 1024)).toBe(1_440 * 1024);
  expect(floppySize(1_440 * 1024 + 1)).toBe(2_880 * 1024);
  expect(() => floppySize(2_880 * 1024 + 1)).toThrow("fit on no floppy");
});

test("only a regular file is an image", () => {
  expect(() => new OverlayDisk(tmpdir(), wholeSectors(512))).toThrow(/is not a regular file|EISDIR/);
});
