import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compiledModule } from "../host/compiled.ts";
import { localHost } from "../host/local.ts";
import { runDirVariable } from "../host/process.ts";
import { processesWith } from "../host/process-facts.ts";
import { parseMachine } from "../machine/validate.ts";
import { eventsFile } from "../trace/append.ts";
import { TraceWriter } from "../trace/writer.ts";
import type { Detection, LifeSettings, RunningVmm } from "./contract.ts";
import { probeKernel } from "./probe.ts";
import { v86 } from "./v86/index.ts";

const detection: Detection = {
  ...{ vmm: "v86", present: true, notes: [], fixes: [], firmware: [] },
  binary: compiledModule(import.meta.url, "./v86/process/main"),
  accelerators: [{ name: "jit", works: true, reason: "for this test" }],
};

let runDir: string;
let traceDir: string;

beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), "petri-life-"));
  traceDir = join(runDir, "trace");
});
afterEach(() => rmSync(runDir, { recursive: true }));

const vmms = () => processesWith(runDirVariable).filter(({ value }) => value === runDir);

async function launch(whileStarting: NonNullable<LifeSettings["whileStarting"]>): Promise<RunningVmm> {
  const clockStart = process.hrtime.bigint();
  TraceWriter.open(traceDir, { clockStart }).close();
  const machine = parseMachine({ boot: { kind: "kernel", kernel: probeKernel }, memory: { size: "64M" } });
  const paths = { runDir, traceDir };
  const life = { clockStart, onBytes: () => {}, onFault: () => {}, whileStarting };
  return await v86.launch(v86.plan(machine, paths, detection), paths, localHost, life);
}

test.skipIf(process.platform !== "linux")("a launch lasts until what is done meanwhile is done", async () => {
  let finish = () => {};
  let isLaunched = false;
  let startedBy: number | undefined;
  const launched = launch(() => {
    startedBy = vmms().length;
    return new Promise((resolve) => {
      finish = resolve;
    });
  });
  void launched.then(() => {
    isLaunched = true;
  });
  // The reply to the negotiation: nothing else is missing for the launch.
  await expect.poll(() => readFileSync(join(traceDir, eventsFile), "utf8"), { timeout: 30_000 }).toContain("return");
  expect({ startedBy, isLaunched }).toEqual({ startedBy: 1, isLaunched: false });
  finish();
  const running = await launched;
  expect(vmms()).not.toEqual([]);
  await running.quit();
  expect(vmms()).toEqual([]);
});

test.skipIf(process.platform !== "linux")("what fails meanwhile ends the launch, and its VMM", async () => {
  let started = 0;
  const failing = launch(async () => {
    started = vmms().length;
    throw new Error("no such module");
  });
  await expect(failing).rejects.toThrow("no such module");
  expect(started).toBe(1);
  expect(vmms()).toEqual([]);
});
