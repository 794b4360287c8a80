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
