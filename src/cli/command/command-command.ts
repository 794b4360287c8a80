import { join } from "node:path";
import { localHost } from "../../host/local.ts";
import { commandLine } from "../../host/run.ts";
import { diffMachines } from "../../machine/diff.ts";
import { UnsupportedError } from "../../machine/errors.ts";
import type { Machine } from "../../machine/machine.ts";
import type { AcceleratorName, VmmName } from "../../machine/placement.ts";
import { show } from "../../machine/problem.ts";
import { namedPrograms } from "../../machine/settings.ts";
import { detectAll, detectionOf } from "../../vm/detection.ts";
import { assumedDetection } from "../../vmm/assumed.ts";
import type { NativeScript, PlanStep, RunPaths, Vmm } from "../../vmm/contract.ts";
import { fitMachine } from "../../vmm/fit.ts";
import type { NotCarried } from "../../vmm/import.ts";
import { vmmNamed } from "../../vmm/registry.ts";
import { loadSettings } from "../config-file.ts";
import { tellNotCarried } from "../import/not-carried.ts";
import { withoutForeignFirmware } from "../import/retarget.ts";
import { toJsonLine } from "../json-line.ts";
import { writeTo } from "../output.ts";
import { toPlainText } from "../plain-text.ts";
import { readMachine } from "../read-machine.ts";

export interface CommandOptions {
  readonly vmm: VmmName;
  readonly hypervisor: AcceleratorName | undefined;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

export async function commandCommand(
  operand: string,
  { vmm: name, hypervisor, json, signal }: CommandOptions,
): Promise<number> {
  const { machine, from, notCarried } = await readMachine(operand);
  const vmm = vmmNamed(name);
  const settings = await loadSettings({});
  const overrides = namedPrograms(settings);
  const found = detectionOf(name, await detectAll(localHost, { overrides, only: [name], signal }));
  const assumed = found.present ? undefined : assumedDetection(name);
  const detection = assumed ?? found;
  const retargeted = from === undefined ? { machine, changed: [] } : withoutForeignFirmware(machine, from, name);
  const fitted =
    from === undefined
      ? { machine, changed: [], refusals: vmm.support(machine, detection, hypervisor) }
      : fitMachine(retargeted.machine, vmm, detection, hypervisor);
  if (fitted.refusals.length > 0) {
    const reasons = fitted.refusals.map(({ axis, reason }) => `${axis}: ${reason}`);
    throw UnsupportedError.of(reasons, `${name} cannot run this machine`);
  }
  const runDir = join("run", fitted.machine.name);
  const script = scriptOf(vmm, fitted.machine, { runDir, traceDir: runDir }, detection, hypervisor);
  const steps = stepsOf(script, runDir);
  const harness = vmm.script ? [] : needsHarness(script);
  const lost = [
    ...notCarried,
    ...retargeted.changed,
    ...fitted.changed,
    ...unsaid(fitted.machine, script.said),
    ...harness,
  ];
  if (assumed)
    lost.push({ option: `(no ${name} here)`, reason: "it and its firmware are assumed where packages put them" });
  if (json) await writeTo(process.stdout, toJsonLine({ vmm: name, steps, notCarried: lost }));
  else {
    await writeTo(process.stdout, steps.map((step) => `${toPlainText(lineOf(step))}\n`).join(""));
    await tellNotCarried(lost);
  }
  return 0;
}

function scriptOf(
  vmm: Vmm,
  machine: Machine,
  paths: RunPaths,
  ...rest: [Parameters<Vmm["plan"]>[2], AcceleratorName | undefined]
): NativeScript {
  if (vmm.script) return vmm.script(machine, paths, ...rest);
  const plan = vmm.plan(machine, paths, ...rest);
  return { ...plan, said: machine };
}

/** A plan that was made for Petri to watch: what in it only Petri would answer. */
function needsHarness({ run }: NativeScript): NotCarried[] {
  const at = run.args.indexOf("--control");
  const socket = "the VMM is Petri's own and waits there for a harness: petri boot runs the machine";
  const paused =
    "it starts paused, with its console on a socket and exit codes that tell Petri what happened: r resumes it";
  return [
    ...(at < 0 ? [] : [{ option: run.args.slice(at, at + 2).join(" "), reason: socket }]),
    ...(run.args.includes("--paused") ? [{ option: "--paused", reason: paused }] : []),
  ];
}

/** In the order in which they are run. A file is written by `sh`, so that it is a command like the others. */
function stepsOf({ run, steps, copies, files = [] }: NativeScript, runDir: string): PlanStep[] {
  const needsFolder = copies.length > 0 || files.length > 0;
  return [
    ...(needsFolder ? [{ file: "mkdir", args: ["-p", runDir] }] : []),
    ...copies.map(({ from, to }) => ({ file: "cp", args: [from, to] })),
    ...files.map(({ path, text }) => ({ file: "sh", args: ["-c", 'cat > "$0"', path], input: text })),
    ...(steps?.prepare ?? []),
    ...(steps?.load ?? []),
    run,
    ...(steps?.cleanUp ?? []),
  ];
}

function lineOf({ file, args, input, mayFail }: PlanStep): string {
  const command = `${commandLine(file, args)}${mayFail ? " || true" : ""}`;
  if (input === undefined) return command;
  const end = ["EOF", "END", "DONE"].find((word) => !input.split("\n").includes(word)) ?? "EOF";
  return `${command} <<'${end}'\n${input}${/(^|\n)$/.test(input) ? "" : "\n"}${end}`;
}

/** The fields that the commands leave unsaid, or say otherwise. */
function unsaid(machine: Machine, said: Machine): NotCarried[] {
  return diffMachines(machine, said)
    .filter(({ a, b }) => a !== undefined && !isFilledIn(a, b))
    .map(({ path, a, b }) => ({
      option: `${path} ${show(a)}`,
      reason: b === undefined ? "no command says it: Petri does it" : `the command does ${show(b)}`,
    }));
}

/** What was left to the VMM and is now said. */
function isFilledIn(before: unknown, after: unknown): boolean {
  return (before === "auto" || before === "any" || before === "capture") && after !== undefined;
}
