import { copyFileSync, mkdirSync, mkdtempSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { localHost } from "../host/local.ts";
import { newRunDirectory } from "../host/run-directory.ts";
import { parseMachine } from "../machine/validate.ts";
import { TraceWriter } from "../trace/writer.ts";
import type { Detection, PlanStep, Vmm, VmmPlan } from "./contract.ts";
import { probeKernel } from "./probe.ts";
import { findFirmware } from "./qemu/firmware.ts";
import { vmmNamed, vmms } from "./registry.ts";
import { machineFiles, machinesIn } from "./test/machines.ts";

const firmware = { code: "/fw/code", nvram: "/fw/vars", name: "firmware", source: "a test" };
const paths = { runDir: "/run/petri-0/4711-99/3", traceDir: "/trace", hasFifos: true };

/** A host that has all it could have, of that release. */
function everything(vmm: Vmm, version = "15.0"): Detection {
  return {
    ...{ vmm: vmm.name, present: true, binary: `/vmms/${vmm.name}`, version, notes: [], fixes: [] },
    accelerators: [{ name: "tcg", works: true, reason: "" }],
    firmware: (["uefi", "pcat", "kernel"] as const).map((boot) => ({ ...firmware, boot })),
  };
}

type Lowered = { readonly plan: VmmPlan } | { readonly refusals: string[] };

function lower(vmm: Vmm, name: string, detection = everything(vmm)): Lowered {
  const input = machinesIn("/files")[name];
  const machine = parseMachine(input);
  const refusals = vmm.support(machine, detection).map(({ axis, reason }) => `${axis}: ${reason}`);
  return refusals.length > 0 ? { refusals } : { plan: vmm.plan(machine, paths, detection) };
}

const names = Object.keys(machinesIn("/files"));

function commandsOf({ steps, run }: VmmPlan): PlanStep[] {
  return [...(steps?.prepare ?? []), ...(steps?.load ?? []), run, ...(steps?.cleanUp ?? [])];
}

/** v86 is a program of Node's; what a loader reads stands behind its command. */
const line = ({ file, args, input }: PlanStep) =>
  [
    file === process.execPath ? "node" : file,
    ...args,
    ...(input === undefined ? [] : [`<<< ${JSON.stringify(input)}`]),
  ].join(" ");

test("every VMM's command lines for every machine are as they were", async () => {
  const pages = names.map((name) => {
    const parts = vmms.flatMap((vmm) => {
      const lowered = lower(vmm, name);
      if ("refusals" in lowered) return lowered.refusals.map((reason) => `${vmm.name} – ${reason}`);
      return commandsOf(lowered.plan).map((command) => `${vmm.name} $ ${line(command)}`);
    });
    return [`# ${name}`, ...parts, ""].join("\n");
  });
  expect(names.length).toBeGreaterThanOrEqual(40);
  await expect(pages.join("\n")).toMatchFileSnapshot("./test/command-lines.golden.txt");
});

const lib = (name: string) =>
  pathToFileURL(fileURLToPath(new URL(`../../fixtures/vmms/lib/${name}`, import.meta.url))).href;

test.each(["13.2", "14.2", "15.0"])("the double of bhyve %s takes every line of its driver", async (version) => {
  const { parseBhyve } = await import(lib("bhyve-grammar.mjs"));
  const driver = vmmNamed("bhyve");
  let count = 0;
  for (const name of names) {
    const lowered = lower(driver, name, everything(driver, version));
    if ("refusals" in lowered) continue;
    expect(() => parseBhyve(lowered.plan.run.args, Number.parseInt(version, 10)), name).not.toThrow();
    count++;
  }
  expect(count).toBeGreaterThanOrEqual(15);
});

test.each(["6.3", "6.5", "6.6", "7.6"])("the double of vmctl %s takes every line of its driver", async (version) => {
  const { parseVmctl } = await import(lib("vmctl-grammar.mjs"));
  const driver = vmmNamed("vmctl");
  let count = 0;
  for (const name of names) {
    const lowered = lower(driver, name, everything(driver, version));
    if ("refusals" in lowered) continue;
    for (const { args } of commandsOf(lowered.plan)) expect(() => parseVmctl(args, version), name).not.toThrow();
    count++;
  }
  expect(count).toBeGreaterThanOrEqual(6);
});

test("the double of openvmm takes every line of its driver", async () => {
  const { parse } = await import(lib("../openvmm/grammar.mjs"));
  const driver = vmmNamed("openvmm");
  const plans = names.flatMap((name) => {
    const lowered = lower(driver, name);
    return "plan" in lowered ? [{ name, args: lowered.plan.run.args }] : [];
  });
  for (const { name, args } of plans) expect(() => parse(args), name).not.toThrow();
  expect(plans.length).toBeGreaterThanOrEqual(15);
});

/** Files under every name: a kernel, and what holds nothing. */
function realFiles(): string {
  const folder = mkdtempSync(join(tmpdir(), "petri-lines-"));
  for (const name of machineFiles) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), "");
    truncateSync(join(folder, name), name === "f.img" ? 1_474_560 : 4 << 20);
  }
  copyFileSync(probeKernel, join(folder, "vmlinuz"));
  return folder;
}

const qemu = vmmNamed("qemu");
const binary = localHost.which("qemu-system-x86_64");
// They want contents that empty files do not have, or a CPU that the accelerator tells of.
const notStarted = ["qcow2", "uefi, own firmware", "pcat, own firmware", "CPU model"];

test.runIf(binary)("QEMU starts, paused, with every line of its driver", { timeout: 240_000 }, async () => {
  const { found } = findFirmware(localHost, {});
  const detection = { ...everything(qemu), binary: binary ?? "", version: "7.2", firmware: found };
  const machines = Object.entries(machinesIn(realFiles())).filter(([name]) => !notStarted.includes(name));
  const failed: string[] = [];
  let count = 0;
  for (const [name, input] of machines) {
    const machine = parseMachine(input);
    if (qemu.support(machine, detection).length > 0) continue;
    const run = newRunDirectory();
    const traceDir = join(run.path, "trace");
    const clockStart = process.hrtime.bigint();
    mkdirSync(traceDir);
    TraceWriter.open(traceDir, { clockStart }).close();
    const own = { runDir: run.path, traceDir, hasFifos: localHost.hasFifos };
    try {
      const plan = qemu.plan(machine, own, detection);
      const life = { clockStart, onBytes: () => {}, onFault: () => {} };
      await (await qemu.launch(plan, own, localHost, life)).quit();
      count++;
    } catch (error) {
      failed.push(`${name}: ${(error as Error).message}`);
    } finally {
      run.remove();
    }
  }
  expect(failed).toEqual([]);
  expect(count).toBeGreaterThanOrEqual(30);
});
