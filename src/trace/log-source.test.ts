import { appendFileSync, mkdtempSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LogSource } from "./log-source.ts";

function log(text = ""): string {
  const path = join(mkdtempSync(join(tmpdir(), "petri-log-")), "com1.log");
  writeFileSync(path, text);
  return path;
}

test("any stretch of the log is read back, also as it grows", () => {
  const path = log("0123456789");
  const source = new LogSource(path);
  expect(source.read(3, 7).toString()).toBe("3456");
  appendFileSync(path, "abc");
  expect(source.read(8, 13).toString()).toBe("89abc");
  expect(source.read(5, 5)).toHaveLength(0);
  source.close();
});

test("what is not in the log is left out, never made up", () => {
  const source = new LogSource(log("short"));
  expect(source.read(2, 100).toString()).toBe("ort");
  expect(source.read(50, 100)).toHaveLength(0);
  source.close();
});

test("nothing needs to exist before the first read, and a missing log is an error then", () => {
  const source = new LogSource(join(log(), "..", "none.log"));
  expect(() => source.read(0, 1)).toThrow("ENOENT");
});

test.runIf(process.platform === "linux")("a last look after the end leaves no file open", () => {
  const path = log("the last bytes");
  const source = new LogSource(path);
  source.read(0, 3);
  source.close();
  source.close();
  expect(source.read(4, 14).toString()).toBe("last bytes");
  const open = readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  });
  expect(open).toEqual([]);
});

test("what is peeked at is good until the next look, and is looked up once for all who want it", () => {
  const path = log("0123456789abcdef");
  const source = new LogSource(path);
  const first = source.peek(2, 10);
  expect(first.toString()).toBe("23456789");
  writeFileSync(path, "x".repeat(16));
  expect(source.peek(4, 6).toString()).toBe("45");
  expect(source.peek(4, 12).toString()).toBe("xxxxxxxx");
  expect(source.peek(14, 99).toString()).toBe("xx");
  expect(source.peek(20, 30)).toHaveLength(0);
  expect(source.peek(16, 16)).toHaveLength(0);
});
