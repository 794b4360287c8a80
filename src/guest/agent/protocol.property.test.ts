import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFrame, encodeProgram, type Frame, FrameReader, nonceBytes, readyText } from "./protocol.ts";

const nonce = Buffer.alloc(nonceBytes, 7);
const greeting = Buffer.concat([Buffer.from(readyText), nonce]);
const frame = fc.record({
  type: fc.integer({ min: 2, max: 11 }),
  part: fc.nat(255),
  stream: fc.nat(63),
  payload: fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes)),
});

function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let at = 0;
  for (let n = 0; at < bytes.length; n++) {
    const size = 1 + (sizes[n % Math.max(1, sizes.length)] ?? bytes.length);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

test("frames come out as they went in, wherever the bytes are cut, behind whatever came before", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(frame, { maxLength: 20 }),
      fc.array(fc.nat(500)),
      (before, frames, sizes) => {
        const all = Buffer.concat([before, greeting, ...frames.map(encodeFrame)]);
        const reader = new FrameReader(nonce);
        const read: Frame[] = [];
        // What a chunk's frames hold must outlive the next one.
        for (const chunk of cut(all, sizes)) {
          for (const each of reader.push(chunk)) read.push({ ...each, payload: Buffer.from(each.payload) });
        }
        expect(reader.isGreeted).toBe(true);
        expect(read).toEqual(frames);
      },
    ),
  );
});

test("a greeting of another session is none", () => {
  const reader = new FrameReader(nonce);
  expect(reader.push(Buffer.concat([Buffer.from(readyText), Buffer.alloc(nonceBytes, 8)]))).toEqual([]);
  expect(reader.isGreeted).toBe(false);
  reader.push(greeting);
  expect(reader.isGreeted).toBe(true);
});

test.each([
  ["a type that nobody knows", { type: 12, part: 0, stream: 0, payload: Buffer.alloc(0) }],
  ["a type that only the host says", { type: 1, part: 0, stream: 0, payload: Buffer.alloc(0) }],
  ["a stream that there is not", { type: 2, part: 1, stream: 64, payload: Buffer.alloc(0) }],
  ["a payload longer than any", { type: 2, part: 1, stream: 0, payload: Buffer.alloc(131_073) }],
])("%s ends the session", (_, wrong) => {
  const reader = new FrameReader(nonce);
  reader.push(greeting);
  expect(() => reader.push(encodeFrame(wrong))).toThrow("is no frame of petri-agent's");
});

test("a server that took a killed one's place ends the session, wherever that one broke off", () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 3 }), fc.nat(), (frames, cutAt) => {
      const said = Buffer.concat(frames.map(encodeFrame));
      const reader = new FrameReader(nonce);
      reader.push(greeting);
      reader.push(said.subarray(0, cutAt % (said.length + 1)));
      expect(() => reader.push(Buffer.alloc(8 + 16_384, 0xff))).toThrow(/has begun anew|is no frame/);
    }),
  );
});

test("a program's words are counted and ended", () => {
  const program = { hasStdin: true, folder: "/tmp", environment: { A: "b c" }, words: ["echo", "", "ü"] };
  expect(encodeProgram(program).toString("latin1")).toBe(
    `\x01\0\x03\0\x01\0/tmp\0A=b c\0echo\0\0${Buffer.from("ü").toString("latin1")}\0`,
  );
});
