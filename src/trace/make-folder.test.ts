import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { HostError } from "../machine/errors.ts";
import { makeFolder } from "./make-folder.ts";
import { createRun } from "./run-folder.ts";

function newDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "petri-folder-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

test("it makes the parents, and is content with what is there", () => {
  const dir = join(newDir(), "a/b/c");
  makeFolder(dir);
  makeFolder(dir);
  expect(existsSync(dir)).toBe(true);
});

test("a file in the way is told as one", () => {
  const dir = newDir();
  writeFileSync(join(dir, "file"), "");
  expect(() => createRun(join(dir, "file"))).toThrow(/ENOTDIR[\s\S]*A part of the path is a file/);
  expect(() => createRun(join(dir, "file/runs"))).toThrow(/ENOTDIR/);
});

// A file system that takes no folders, on every Linux and without mounting one.
test.runIf(existsSync("/proc/self/stat"))(
  "a file system that takes no folders is the host's fault, told at once",
  () => {
    expect(() => createRun("/proc/results")).toThrow(HostError);
    expect(() => createRun("/proc/results/deep")).toThrow(/takes no new folders or files there/);
  },
);
