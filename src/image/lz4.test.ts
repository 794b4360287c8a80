import { expect, test } from "vitest";
import { decodeLz4Legacy } from "./lz4.ts";

/** `lz4 -l -9` of the text below: long literals, a match that overlaps itself, lengths of more than one byte. */
const packed = Buffer.from(
  "AiFMGBwBAABvUEVUUkkgBgD/////m/f1AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7" +
    "PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn+AgYKDhIWGh4iJiouMjY6P" +
    "kJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj" +
    "5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/3RhaWwEAFBsdGFpbA==",
  "base64",
);
const text = Buffer.concat([
  Buffer.from("PETRI ".repeat(200)),
  Buffer.from(Array.from({ length: 256 }, (_, index) => index)),
  Buffer.from("tail".repeat(5)),
]);

test("decodes what lz4 -l wrote", () => {
  expect(decodeLz4Legacy(packed, text.length)).toEqual(text);
});

test("ignores what follows the last block, as a kernel's payload has its length there", () => {
  expect(decodeLz4Legacy(Buffer.concat([packed, Buffer.alloc(4)]), text.length)).toEqual(text);
});

test("data that is cut short or too short is an error, wherever the cut is", () => {
  for (let length = 4; length < packed.length; length += 7) {
    expect(() => decodeLz4Legacy(packed.subarray(0, length), text.length), `${length} bytes`).toThrow(RangeError);
  }
  expect(() => decodeLz4Legacy(packed, text.length + 1)).toThrow(RangeError);
  expect(() => decodeLz4Legacy(Buffer.from("not lz4 at all"), 10)).toThrow("not an LZ4 legacy frame");
});
