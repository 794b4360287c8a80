import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cleanResults, keepsTrace } from "./retention.ts";
import { createRun, discardTrace, endRun } from "./run-folder.ts";
import { traceDir } from "./slug.ts";
import { TraceWriter } from "./writer.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "petri-retention-test-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const deadPid = spawnSync(process.execPath, ["-e", ""]).pid;

/** A run of a process that has ended, holding `bytes` bytes beside its marker. */
function oldRun(day: number, bytes: number): string {
  const { dir } = createRun(root, new Date(Date.UTC(2026, 0, day)));
  const marker = join(dir, "petri-run.json");
  writeFileSync(marker, readFileSync(marker, "utf8").replace(/"pid":\d+/, `"pid":${deadPid}`));
  mkdirSync(join(dir, "test", "1-vm"), { recursive: true });
  writeFileSync(join(dir, "test", "1-vm", "com1.log"), Buffer.alloc(bytes));
  return dir;
}

test("the cap removes the oldest runs first and never one in use", () => {
  const live = createRun(root, new Date(Date.UTC(2020, 0, 1)));
  writeFileSync(join(live.dir, "big"), Buffer.alloc(50_000));
  const [first, second, third] = [oldRun(1, 10_000), oldRun(2, 10_000), oldRun(3, 10_000)];
  const tried = cleanResults(root, { capBytes: 75_000, dryRun: true });
  expect(tried.removed).toEqual([first]);
  expect(existsSync(first)).toBe(true);
  expect(cleanResults(root, { capBytes: 75_000 })).toEqual(tried);
  expect(cleanResults(root, { capBytes: 0, current: basename(third) }).removed).toEqual([second]);
  expect(readdirSync(root).sort()).toEqual([live.id, basename(third)].sort());
});

test("age and all remove what is due; no option removes nothing", () => {
  const [first, second] = [oldRun(1, 10), oldRun(9, 10)];
  const now = new Date(Date.UTC(2026, 0, 10));
  expect(cleanResults(root, { now }).removed).toEqual([]);
  expect(cleanResults(root, { now, olderThanMs: 2 * 86_400_000 }).removed).toEqual([first]);
  expect(cleanResults(root, { all: true })).toMatchObject({ removed: [second], keptBytes: 0 });
  expect(cleanResults(join(root, "absent"), { all: true })).toEqual({ removed: [], removedBytes: 0, keptBytes: 0 });
});

test("what Petri did not make, what was renamed and what a link points at all stay", () => {
  const outside = join(root, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "precious"), "x");
  const results = join(root, "results");
  mkdirSync(join(results, "mine"), { recursive: true });
  writeFileSync(join(results, "mine", "petri-run.json"), '{"petri":1}');
  writeFileSync(join(results, "a-file"), "");
  const run = oldRun(1, 10);
  symlinkSync(outside, join(run, "link"));
  cpSync(run, join(results, basename(run)), { recursive: true, verbatimSymlinks: true });
  renameSync(run, join(results, "kept-by-hand"));
  symlinkSync(join(results, "kept-by-hand"), join(results, "linked"));

  expect(cleanResults(results, { all: true }).removed).toEqual([join(results, basename(run))]);
  expect(readdirSync(results).sort()).toEqual(["a-file", "kept-by-hand", "linked", "mine"]);
  expect(readdirSync(outside)).toEqual(["precious"]);
});

test("a run whose pid was given to another process is not in use", () => {
  const { dir } = createRun(root);
  const marker = join(dir, "petri-run.json");
  expect(cleanResults(root, { all: true }).removed).toEqual([]);
  writeFileSync(marker, readFileSync(marker, "utf8").replace(/"processStart":"[^"]*/, "$&0"));
  expect(cleanResults(root, { all: true }).removed).toEqual(existsSync("/proc/self/stat") ? [dir] : []);
});

test("a trace that is not kept leaves no empty folder", () => {
  const run = createRun(root);
  const options = { clockStart: process.hrtime.bigint() };
  const [first, second] = [traceDir(run.dir, "t", 1, "vm"), traceDir(run.dir, "t", 2, "vm")];
  for (const dir of [first, second]) TraceWriter.open(dir, options).close();
  discardTrace(first);
  expect(readdirSync(join(run.dir, "t"))).toEqual(["2-vm"]);
  endRun(run);
  discardTrace(second);
  discardTrace(second);
  expect(readdirSync(run.dir)).toEqual(["petri-run.json"]);
  endRun(run);
  expect(readdirSync(root)).toEqual([]);
});

test("only traces are discarded", () => {
  writeFileSync(join(root, "precious"), "x");
  discardTrace(root);
  expect(existsSync(join(root, "precious"))).toBe(true);
});

test.each([
  ["failures", true, true],
  ["failures", false, false],
  ["all", false, true],
  ["none", true, false],
] as const)("policy %s, failed %s: kept %s", (policy, failed, kept) => {
  expect(keepsTrace(policy, { failed })).toBe(kept);
});
