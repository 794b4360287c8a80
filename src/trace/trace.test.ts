import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, expect, test } from "vitest";
import { machineSchema } from "../machine/machine.ts";
import { appendLine, openEvents } from "./append.ts";
import type { TraceEvent } from "./event.ts";
import { traceFault } from "./fault.ts";
import { readTrace, type Trace } from "./reader.ts";
import { TraceWriter } from "./writer.ts";

const root = mkdtempSync(join(tmpdir(), "petri-trace-test-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
const newDir = () => join(root, `run/${folders++}`);
const begin = (dir = newDir()) => TraceWriter.open(dir, { clockStart: process.hrtime.bigint() });

async function all(trace: Trace, options?: Parameters<Trace["events"]>[0]): Promise<TraceEvent[]> {
  const found: TraceEvent[] = [];
  for await (const event of trace.events(options)) found.push(event);
  return found;
}

test("what was written is read back", async () => {
  const machine = machineSchema.parse({ boot: { kind: "pcat" }, memory: { size: "512M" } });
  const writer = begin();
  writer.writeMachine(machine);
  writer.writePlacement({ vmm: "qemu", accelerator: "tcg", host: "local" });
  writer.writePlan({
    run: { file: "qemu-system-x86_64", args: ["--password", "hunter2"] },
    digests: { "/boot/k": "sha256:00" },
  });
  writer.append({ kind: "console", console: "com1", offset: 0, length: 5 });
  writer.append({ kind: "step", phase: "begin", id: 1, title: "expect \u001b[31mlogin:" });
  writeFileSync(join(writer.dir, "com1.log"), "hello");
  writer.close();
  writer.close();
  writer.append({ kind: "note", text: "too late" });

  const trace = await readTrace(writer.dir);
  expect(trace.machine).toEqual(machine);
  expect(trace.placement).toEqual({ vmm: "qemu", accelerator: "tcg", host: "local" });
  expect(trace.plan?.run.args).toEqual(["--password", "<redacted>"]);
  expect(trace.digests).toEqual({ "/boot/k": "sha256:00" });
  expect(trace.consoles).toEqual([{ console: "com1", path: join(writer.dir, "com1.log"), bytes: 5 }]);
  expect(trace.truncated).toBe(false);
  expect(Math.abs(Date.now() - Date.parse(trace.startedAt ?? ""))).toBeLessThan(60_000);
  const events = await all(trace);
  expect(events.map(({ kind }) => kind)).toEqual(["start", "console", "step"]);
  expect(events.map(({ t }) => t)).toEqual(events.map(({ t }) => t).sort((a, b) => a - b));
});

test("cut at any byte, the trace still reads, up to the cut", async () => {
  const writer = begin();
  writer.append({ kind: "note", text: "größer" });
  writer.append({ kind: "vm", what: "ended", exitCode: 0 });
  const file = join(writer.dir, "events.jsonl");
  const whole = readFileSync(file);
  for (let length = whole.length; length >= 0; length--) {
    truncateSync(file, length);
    const trace = await readTrace(writer.dir);
    const kept = whole.subarray(0, length).toString("latin1");
    expect(trace.truncated).toBe(!kept.endsWith("\n"));
    // One whose newline alone is missing is whole.
    expect(await all(trace)).toHaveLength(kept.split("\n").filter(isJson).length);
  }
});

test("two threads append to one file without mixing lines", async () => {
  const writer = begin();
  const worker = new Worker(
    `const { openSync, writeSync } = require("node:fs");
     const { workerData: { file, line } } = require("node:worker_threads");
     const fd = openSync(file, "a");
     for (let i = 0; i < 5000; i++) writeSync(fd, line);`,
    {
      eval: true,
      workerData: { file: join(writer.dir, "events.jsonl"), line: '{"t":1,"kind":"note","text":"worker"}\n' },
    },
  );
  const done = once(worker, "exit");
  for (let i = 0; i < 5000; i++) writer.append({ kind: "note", text: "x".repeat(i % 300) });
  await done;
  expect(await all(await readTrace(writer.dir))).toHaveLength(10_001);
});

test("a killed harness leaves a readable trace", async () => {
  const dir = newDir();
  const script = `
    import { TraceWriter } from ${JSON.stringify(join(import.meta.dirname, "writer.ts"))};
    const writer = TraceWriter.open(${JSON.stringify(dir)}, { clockStart: process.hrtime.bigint() });
    console.log("writing");
    for (;;) writer.append({ kind: "note", text: "x".repeat(1000) });`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], { stdio: "pipe" });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  const events = await all(await readTrace(dir));
  expect(events[0]?.kind).toBe("start");
});

test("a line that is no event is an error with its number, or skipped on request", async () => {
  const writer = begin();
  appendFileSync(join(writer.dir, "events.jsonl"), '{"t":1,"kind":"console","console":"com9","offset":0}\nnot json\n');
  writer.append({ kind: "note", text: "after" });
  const trace = await readTrace(writer.dir);
  await expect(all(trace)).rejects.toThrow(/events.jsonl, line 2, is not a trace event: .*console/s);
  const malformed: number[] = [];
  const events = await all(trace, { onMalformed: (line) => malformed.push(line) });
  expect(events.map(({ kind }) => kind)).toEqual(["start", "note"]);
  expect(malformed).toEqual([2, 3]);
});

test("a folder without events is no trace, a newer trace is refused, a broken machine too", async () => {
  await expect(readTrace(root)).rejects.toThrow(/is not a trace folder: it has no events\.jsonl/);

  const writer = begin();
  writeFileSync(join(writer.dir, "machine.json"), '{"memroy":1}');
  await expect(readTrace(writer.dir)).rejects.toThrow(/machine\.json is not what Petri writes/);

  const newer = begin();
  truncateSync(join(newer.dir, "events.jsonl"), 0);
  const fd = openEvents(newer.dir);
  appendLine(fd, { t: 0, kind: "start", version: 99, startedAt: "2040-01-01T00:00:00Z" });
  closeSync(fd);
  await expect(readTrace(newer.dir)).rejects.toThrow(/written by a newer Petri \(trace version 99/);
});

test("an attempt never writes into the trace of another", () => {
  const { dir } = begin();
  expect(() => begin(dir)).toThrow(/making the folder and its events\.jsonl failed \(EEXIST\)/);
});

test.runIf(existsSync("/dev/full"))("a full disk fails the append", () => {
  const fd = openSync("/dev/full", "a");
  expect(() => appendLine(fd, { t: 0, kind: "note", text: "x" })).toThrow(/ENOSPC/);
  closeSync(fd);
});

test("a folder that cannot be made is a HostError that says where, what and what to do", () => {
  const file = join(root, "file");
  writeFileSync(file, "");
  expect(() => begin(join(file, "trace"))).toThrow(/file\/trace cannot be written: making the folder .* \(ENOTDIR\)/);
});

test("each way a file system refuses has its advice", () => {
  const refusal = (code: string) => traceFault("/results/1-vm", "writing plan.json", { code, message: code }).message;
  expect(["EROFS", "ENOSPC", "EACCES", "EIO"].map(refusal).join("\n")).toMatchInlineSnapshot(`
    "the trace in /results/1-vm cannot be written: writing plan.json failed (EROFS).
    The file system is read-only: choose a results folder that can be written.
    the trace in /results/1-vm cannot be written: writing plan.json failed (ENOSPC).
    The disk is full: remove old results with \`petri clean\`, or choose a results folder on another disk.
    the trace in /results/1-vm cannot be written: writing plan.json failed (EACCES).
    Permission denied: choose a results folder of your own, or change its owner.
    the trace in /results/1-vm cannot be written: writing plan.json failed (EIO).
    EIO"
  `);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
