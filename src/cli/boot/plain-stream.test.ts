import fc from "fast-check";
import { expect, test } from "vitest";
import { PlainStream } from "./plain-stream.ts";

function plain(...parts: (string | Buffer)[]): string {
  const stream = new PlainStream();
  return parts.map((part) => stream.push(Buffer.from(part))).join("") + stream.end();
}

test("text stays, sequences go, what changes how a line reads becomes visible", () => {
  expect(plain("\x1b[32mok\x1b[0m\r\n")).toBe("ok\n");
  expect(plain("\x1b]0;title\x07é", "\x1b[", "31mx")).toBe("éx");
  expect(plain("a\u202eb")).toBe("a\ufffdb");
});

test("no guest byte can control the terminal", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 12 })), (parts) => {
      expect(plain(...parts.map((part) => Buffer.from(part)))).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
    }),
  );
});
