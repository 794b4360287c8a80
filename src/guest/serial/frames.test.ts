import fc from "fast-check";
import { expect, test } from "vitest";
import { cksum } from "./cksum.ts";
import { decode } from "./coded.ts";
import { FrameReader } from "./frames.ts";

const high = (text: string) => Buffer.from(text, "latin1").map((byte) => byte | 0x80);
const frames = fc.array(fc.stringMatching(/^[ -z|~]{0,40}$/), { maxLength: 6 });
const ascii = fc.uint8Array({ max: 0x7f, maxLength: 12 });

test("frames come out whole, however they are cut, whatever ASCII is between and within them", () => {
  fc.assert(
    fc.property(frames, fc.infiniteStream(ascii), fc.array(fc.nat(200)), (texts, noise, cuts) => {
      const bytes = texts.flatMap((text) =>
        [...high(`{${text}}`)].flatMap((byte) => [byte, ...(noise.next().value ?? [])]),
      );
      const borders = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const reader = new FrameReader();
      const read = borders
        .slice(1)
        .flatMap((end, n) => [...reader.push(Uint8Array.from(bytes.slice(borders[n], end)))]);
      expect(read).toEqual(texts);
    }),
  );
});

test("what has no end is given up, and the next frame is read", () => {
  const reader = new FrameReader();
  expect([...reader.push(high(`{${"x".repeat(200_000)}}`))]).toEqual([]);
  expect([...reader.push(high("{lost{a:1:1}"))]).toEqual(["a:1:1"]);
});

test("checksums are cksum(1)'s", () => {
  expect(cksum(Buffer.alloc(0))).toBe(4294967295);
  expect(cksum(Buffer.from("123456789"))).toBe(930766865);
  expect(cksum(Buffer.alloc(100_000, "petri\n"))).toBe(1113126294);
});

test("bytes that are not as the guest codes them are none", () => {
  expect(decode("b", "aGk=")).toEqual(Buffer.from("hi"));
  expect(decode("b", "aG=k")).toBeUndefined();
  expect(decode("o", " 150 151 000 377")).toEqual(Buffer.from([0x68, 0x69, 0, 255]));
  expect(decode("o", " 150 400")).toBeUndefined();
  expect(decode("o", " 15")).toBeUndefined();
});
