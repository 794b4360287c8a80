import fc from "fast-check";
import { expect, test } from "vitest";
import {
  durationSchema,
  formatSize,
  humanSize,
  parseDuration,
  parseSize,
  readDuration,
  readSize,
  sizeSchema,
} from "./size.ts";

test("a size written is the size read", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parseSize(formatSize(bytes)) === bytes));
});

test("a B after the suffix and small letters change nothing", () => {
  fc.assert(
    fc.property(fc.nat(4000), fc.constantFrom("K", "M", "G", "T"), (count, unit) => {
      const bytes = parseSize(`${count}${unit}`);
      return parseSize(`${count}${unit}B`) === bytes && parseSize(`${count}${unit.toLowerCase()}`) === bytes;
    }),
  );
});

test.each([
  ["4G", 4 * 2 ** 30],
  ["512MB", 512 * 2 ** 20],
  ["513", 513],
  ["0", 0],
])("%s is %i bytes", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(["4Q", "", "G", "-1G", "1.5G", "4 G", "0x10", "1e3", "99999999999T", "4GiB"])("%o is no size", (text) => {
  expect(readSize(text)).toBeUndefined();
  expect(() => parseSize(text)).toThrow(RangeError);
  expect(sizeSchema.safeParse(text).success).toBe(false);
});

test("a refused size says what to write", () => {
  expect(() => parseSize("4Q")).toThrowErrorMatchingInlineSnapshot(
    `[RangeError: "4Q" is not a size: write a whole number with K, M, G or T, such as 512M or 4G]`,
  );
  expect(() => parseDuration("5")).toThrowErrorMatchingInlineSnapshot(
    `[RangeError: "5" is not a duration: write a number with ms, s, m or h, such as 250ms or 5s]`,
  );
});

test("sizes for people", () => {
  expect([2 ** 30, 1.5 * 2 ** 30, 513, 2 ** 20].map(humanSize)).toEqual(["1 GiB", "1.5 GiB", "513 bytes", "1 MiB"]);
});

test.each([
  ["250ms", 250],
  ["5s", 5000],
  ["1.5s", 1500],
  ["2m", 120_000],
  ["1h", 3_600_000],
])("%s is %i milliseconds", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
  expect(durationSchema.parse(text)).toBe(milliseconds);
});

test.each(["5", "5 s", "-1s", "s", "1d", ""])("%o is no duration", (text) => {
  expect(readDuration(text)).toBeUndefined();
});

test("numbers at the edge are taken as they are, if they are whole and not negative", () => {
  expect(sizeSchema.parse(4096)).toBe(4096);
  for (const wrong of [-1, 1.5, Number.NaN, 2 ** 60]) expect(sizeSchema.safeParse(wrong).success).toBe(false);
});
