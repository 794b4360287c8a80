import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { UntimedEvent } from "./event.ts";
import { guestClocks } from "./guest-times.ts";
import { readTrace } from "./reader.ts";
import { TraceWriter } from "./writer.ts";

type Entry = readonly [ms: number, what: string | UntimedEvent];

/** A trace in which these texts came on com1 at these times, each a chunk of its own. */
async function traceOf(entries: readonly Entry[]) {
  const dir = join(mkdtempSync(join(tmpdir(), "petri-clock-")), "trace");
  const writer = TraceWriter.open(dir, { clockStart: process.hrtime.bigint() });
  let log = "";
  for (const [ms, what] of entries) {
    if (typeof what !== "string") writer.append(what, ms * 1e6);
    else {
      writer.append({ kind: "console", console: "com1", offset: log.length, length: what.length }, ms * 1e6);
      log += what;
    }
  }
  writer.close();
  writeFileSync(join(dir, "com1.log"), log);
  return await readTrace(dir);
}

const vm = (what: "paused" | "resumed" | "reset"): UntimedEvent => ({ kind: "vm", what });
const inMs = (ns: number | undefined) => ns && Math.round(ns / 1e6);

test("each boot has a clock of its own", async () => {
  const trace = await traceOf([
    [100, vm("resumed")],
    [600, "\x1b[H\x1b[J[    0.000000] Linux version 6.1\r\n"],
    [700, "[    0.050000] e820\r\n"],
    [1650, "<6>[    1.000000][    T1] Run /init as init process\r\nhello\r\n"],
    [3000, vm("reset")],
    [3500, "[    0.200000] Linux version 6.1\r\n"],
  ]);
  const [first, second] = await guestClocks(trace);
  expect([first?.boot, first?.count, inMs(first?.hostTimeOf(1))]).toEqual([1, 2, 1650]);
  expect(inMs(first?.hostTimeOf(0.05))).toBe(700);
  expect([second?.boot, second?.count, inMs(second?.hostTimeOf(0.2))]).toEqual([2, 1, 3500]);
});

test("a guest's clock stands still while the VM is paused", async () => {
  const trace = await traceOf([
    [0, vm("resumed")],
    [1000, "[    1.000000] one\r\n"],
    [1500, vm("paused")],
    [61_500, vm("resumed")],
    [62_000, "[    2.000000] two\r\n"],
  ]);
  const [clock] = await guestClocks(trace);
  expect(inMs(clock?.hostTimeOf(1))).toBe(1000);
  expect(inMs(clock?.hostTimeOf(2))).toBe(62_000);
  // Nothing was said then: only what a clock may gain is not known.
  expect(Math.abs((inMs(clock?.hostTimeOf(1.4)) ?? 0) - 1400)).toBeLessThan(10);
  expect(Math.abs((inMs(clock?.hostTimeOf(1.6)) ?? 0) - 61_600)).toBeLessThan(10);
});

test("only a line whose arrival is known counts", async () => {
  const trace = await traceOf([
    [0, vm("resumed")],
    [100, "login: "],
    [200, "[    9.000000] behind a prompt\r\n"],
    [300, `${"x".repeat(40)}\r\n[    9.500000] far into a chunk\r\n`],
    [400, "[    1.0000] one\r\nuser types [    5.000000]\r\n"],
  ]);
  const [clock] = await guestClocks(trace);
  expect([clock?.count, inMs(clock?.hostTimeOf(1))]).toEqual([1, 400]);
});

test("a guest that prints no times has none, and neither has a console that is not there", async () => {
  const trace = await traceOf([[5, "petri-guest ready\r\n"]]);
  expect((await guestClocks(trace)).map(({ hostTimeOf }) => hostTimeOf(1))).toEqual([undefined]);
  expect(await guestClocks(trace, "com2")).toEqual([]);
});
