import { expect, test } from "vitest";
import { findPayload, unpackVmlinux } from "./bzimage.ts";

/** A bzImage with one setup sector and this payload 16 bytes into the protected-mode part. */
function bzImageWith(payload: Buffer): Buffer {
  const image = Buffer.alloc(2 * 512 + 16 + payload.length);
  image.writeUInt8(1, 0x1f1);
  image.write("HdrS", 0x202, "latin1");
  image.writeUInt16LE(0x20f, 0x206);
  image.writeUInt32LE(16, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  payload.copy(image, 2 * 512 + 16);
  return image;
}

/** An LZ4 legacy frame of literals only, with the unpacked length behind it, as the kernel's build appends it. */
function packed(data: Buffer): Buffer {
  const lengths = [...Array<number>(Math.floor((data.length - 15) / 255)).fill(255), (data.length - 15) % 255];
  const block = Buffer.concat([Buffer.from([0xf0, ...lengths]), data]);
  const [magic, length, unpackedLength] = [Buffer.alloc(4), Buffer.alloc(4), Buffer.alloc(4)];
  magic.writeUInt32LE(0x184c2102);
  length.writeUInt32LE(block.length);
  unpackedLength.writeUInt32LE(data.length);
  return Buffer.concat([magic, length, block, unpackedLength]);
}

const vmlinux = Buffer.concat([Buffer.from("\x7fELF", "latin1"), Buffer.from("kernel ".repeat(100))]);

test("the ELF kernel comes out of an LZ4 bzImage as it went in", async () => {
  expect(await unpackVmlinux(bzImageWith(packed(vmlinux)))).toEqual(vmlinux);
});

test("a payload that is no ELF file, or packed in an unknown way, is said to be", async () => {
  await expect(unpackVmlinux(bzImageWith(packed(Buffer.from("x".repeat(99)))))).rejects.toThrow("is not an ELF file");
  await expect(unpackVmlinux(bzImageWith(Buffer.from("PK..........")))).rejects.toThrow("504b2e2e2e2e");
});

test("other files are no bzImage, and a short one is said to be cut", () => {
  expect(() => findPayload(Buffer.alloc(1024))).toThrow("not a bzImage");
  expect(() => findPayload(bzImageWith(packed(vmlinux)).subarray(0, 1030))).toThrow("cut short");
});
