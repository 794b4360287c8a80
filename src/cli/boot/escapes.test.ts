import fc from "fast-check";
import { expect, test } from "vitest";
import { unescapeBytes } from "./escapes.ts";

test.each([
  ["root\\n", [0x72, 0x6f, 0x6f, 0x74, 0x0a]],
  ["\\r\\t\\e\\\\", [0x0d, 0x09, 0x1b, 0x5c]],
  ["\\x00\\xfF", [0x00, 0xff]],
  ["é", [0xc3, 0xa9]],
  ["", []],
])("%s", (text, bytes) => {
  expect([...unescapeBytes(text)]).toEqual(bytes);
});

test.each(["\\q", "\\x1", "\\xzz", "tail\\"])("%s is refused", (text) => {
  expect(() => unescapeBytes(text)).toThrow(/does not know the escape/);
});

test("every byte can be written", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
      expect([...unescapeBytes(text)]).toEqual([...bytes]);
    }),
  );
});
