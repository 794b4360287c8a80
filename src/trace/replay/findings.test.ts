import { afterEach, expect, test } from "vitest";
import { readTrace } from "../reader.ts";
import { findingsIn } from "./findings.ts";
import { readRecording } from "./recording.ts";
import { RecordedRun } from "./test/recorded-run.ts";

const runs: RecordedRun[] = [];
afterEach(() => {
  for (const run of runs.splice(0)) run.remove();
});

function newRun(): RecordedRun {
  const run = new RecordedRun();
  runs.push(run);
  return run;
}

async function told({ dir }: RecordedRun): Promise<unknown[]> {
  const recording = await readRecording(await readTrace(dir));
  const findings = findingsIn(recording).map(({ offset, title, verdict }) => [offset, title, verdict]);
  for (const console of recording.consoles.values()) console.close();
  return findings;
}

const boot = "[    0.000000] Linux version 6.12.0 (demo)\n[   12.345678] random: crng init done\n";

test("a kernel that boots after a reset is no crash, and one that boots by itself is", async () => {
  const meant = newRun();
  meant.print(boot);
  meant.pass(5);
  meant.restart();
  meant.pass(5);
  meant.print(boot);
  expect(await told(meant)).toEqual([]);
  const unmeant = newRun();
  unmeant.print(boot + boot);
  expect(await told(unmeant)).toEqual([[boot.length, "unexpected kernel reboot", undefined]]);
});

test("what the run found keeps its verdict, rules of the user's own included; what it did not is told apart", async () => {
  const run = newRun();
  const panic = "[   13.000000] Kernel panic - not syncing: demo\n";
  run.print(`${panic}demo failed\n`);
  const facts = { type: "dos", os: "linux", severity: "crash", report: "", corrupted: false, isFinal: true } as const;
  run.find({ ...facts, title: "demo", offset: panic.length, length: 12, verdict: "allowed" });
  expect(await told(run)).toEqual([
    [0, "kernel panic: demo", undefined],
    [panic.length, "demo", "allowed"],
  ]);
});
