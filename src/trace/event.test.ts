import fc from "fast-check";
import { expect, test } from "vitest";
import { inputPayload, toLine } from "./append.ts";
import { traceEventSchema } from "./event.ts";

test("any text survives as one line of plain printable characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const line = toLine({ t: 1, kind: "note", text });
      expect(line.indexOf("\n")).toBe(line.length - 1);
      expect(line).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
      expect(traceEventSchema.parse(JSON.parse(line))).toEqual({ t: 1, kind: "note", text });
    }),
  );
});

test("input bytes come back exactly, as text where they are UTF-8", () => {
  expect(inputPayload(Buffer.from("ls\r"))).toEqual({ text: "ls\r" });
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const payload = inputPayload(bytes);
      const back = "text" in payload ? Buffer.from(payload.text) : Buffer.from(payload.base64, "base64");
      expect(back.equals(bytes)).toBe(true);
    }),
  );
});
