import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runDirVariable } from "./process.ts";
import { startTimeOf } from "./process-facts.ts";
import { findLeftovers, sweep, writeCleanUp } from "./sweep.ts";

const newRoot = () => mkdtempSync(join(tmpdir(), "petri-sweep-"));

async function deadPid(): Promise<number> {
  const child = spawn("true");
  await once(child, "exit");
  return child.pid ?? 0;
}

test("finds a planted orphan and its folder, and ends both", async () => {
  const root = newRoot();
  const dir = join(root, `${await deadPid()}-12345`);
  mkdirSync(join(dir, "0"), { recursive: true });
  writeFileSync(join(dir, "0", "com1"), "");
  const orphan = spawn("tail", ["-f", "/dev/null"], { env: { ...process.env, [runDirVariable]: join(dir, "0") } });
  await once(orphan, "spawn");
  const ended = once(orphan, "exit");

  expect(findLeftovers(root)).toEqual([{ dir, pids: [orphan.pid] }]);
  sweep(root);
  expect(await ended).toEqual([null, "SIGKILL"]);
  expect(existsSync(dir)).toBe(false);
  expect(findLeftovers(root)).toEqual([]);
});

test("finds an orphan whose folder is already gone", async () => {
  const root = newRoot();
  const dir = join(root, `${await deadPid()}-12345`);
  const orphan = spawn("tail", ["-f", "/dev/null"], { env: { ...process.env, [runDirVariable]: join(dir, "3") } });
  await once(orphan, "spawn");
  const ended = once(orphan, "exit");
  expect(sweep(root)).toEqual([{ dir, pids: [orphan.pid] }]);
  await ended;
});

test("leaves alone what a live process owns", () => {
  const root = newRoot();
  const dir = join(root, `${process.pid}-${startTimeOf(process.pid)}`);
  mkdirSync(dir);
  expect(sweep(root)).toEqual([]);
  expect(existsSync(dir)).toBe(true);
});

test("a new process with an old one's number is not its owner", () => {
  const root = newRoot();
  const dir = join(root, `${process.pid}-1`);
  mkdirSync(dir);
  expect(sweep(root)).toEqual([{ dir, pids: [] }]);
});

test("what a killed harness could not clean up itself is run, whatever else is in its folder", () => {
  const root = newRoot();
  const dir = join(root, "999999-1");
  for (const name of ["0", "1", "2"]) mkdirSync(join(dir, name), { recursive: true });
  const done = join(root, "..", `done-${process.pid}`);
  writeCleanUp(join(dir, "0"), [["/nowhere/program"], ["/bin/sh", "-c", 'echo "$1" >> "$0"', done, "two words"]]);
  writeFileSync(join(dir, "1", "clean-up.json"), '[["/bin/sh","-c');
  sweep(root);
  expect(readFileSync(done, "utf8")).toBe("two words\n");
  expect(existsSync(dir)).toBe(false);
});
