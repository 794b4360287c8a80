import { statSync } from "node:fs";
import { join } from "node:path";
import { onPipeClosed } from "../../host/closed-pipe.ts";
import { openRelays, type Relay } from "../../host/relay.ts";
import type { Settings } from "../../machine/settings.ts";
import { boot } from "../../vm/boot.ts";
import { checkOutputs } from "../../vm/check-outputs.ts";
import type { VmFinding } from "../../vm/findings.ts";
import type { VirtualMachine } from "../../vm/virtual-machine.ts";
import { type ConsoleView, viewConsoles } from "./console-view.ts";
import { type Ending, endingByError, verdictOf } from "./ending.ts";
import { JsonEvents } from "./json-events.ts";
import { Judge } from "./judge.ts";
import type { RunFlags } from "./options.ts";
import { oracleOf } from "./oracle-mode.ts";
import { writePidfile } from "./pidfile.ts";
import type { Prepared } from "./prepare.ts";
import { Progress } from "./progress.ts";
import { report } from "./report.ts";
import { checkConsoles, optionOf } from "./script.ts";
import { openTraceFolder } from "./trace-folder.ts";

const toldFindings = 20;

export interface MachineRun {
  /** `boot` or `repro`: the trace is filed under it. */
  readonly command: string;
  readonly flags: RunFlags;
  readonly signal: AbortSignal;
  readonly settings: Settings;
  readonly prepare: (progress: Progress) => Promise<Prepared>;
}

/** Boots one machine, runs its script with the user watching, and resolves to the exit code. */
export async function runMachine(run: MachineRun): Promise<number> {
  const { flags } = run;
  const progress = new Progress({ quiet: flags.quiet });
  const json = flags.json ? new JsonEvents() : undefined;
  const undo: (() => void)[] = [() => progress.clear()];
  let traceDir: string | undefined;
  let ending: Ending;
  let bug: unknown;
  try {
    const prepared = await run.prepare(progress);
    checkConsoles(flags, prepared.whole.consoles);
    checkOutputs(prepared.whole, flags.pidfile === undefined ? [] : [{ at: ["--pidfile"], file: flags.pidfile }]);
    if (flags.pidfile !== undefined) undo.push(writePidfile(flags.pidfile));
    const relays = await openRelays(prepared.whole.consoles, (name, backend) => `--${optionOf(name)} ${backend}`);
    undo.push(() => {
      for (const relay of relays) relay.close();
    });
    const folder = openTraceFolder(flags.trace, run.command, prepared.whole.name, run.settings);
    let failed = true;
    undo.push(() => {
      traceDir = folder.close(failed) ? folder.dir : undefined;
    });
    ending = await bootAndJudge(run, prepared, relays, folder.dir, progress, json);
    failed = ending.exitCode !== 0;
  } catch (error) {
    const byError = endingByError(error);
    if (!byError) bug = error;
    ending = byError ?? { class: "VmmError", exitCode: 70, reason: String(error) };
  } finally {
    for (const step of undo.reverse()) step();
  }
  if (bug !== undefined) throw bug;
  report(ending, { traceDir, json });
  return ending.exitCode;
}

async function bootAndJudge(
  { flags, signal, settings }: MachineRun,
  prepared: Prepared,
  relays: readonly Relay[],
  traceDir: string,
  progress: Progress,
  json: JsonEvents | undefined,
): Promise<Ending> {
  const { machine, image, placement, detections } = prepared;
  progress.show(`starting ${placement.vmm}`);
  const isInteractive =
    process.stdin.isTTY === true &&
    process.stdout.isTTY === true &&
    flags.steps.length === 0 &&
    !flags.json &&
    !flags.quiet;
  const terminal = isInteractive ? await import("./attach-session.ts") : undefined;
  const oracle = oracleOf(settings.oracle, flags.oracle, isInteractive);
  // Paused, so that all who watch are there before the first byte.
  const { vmlinux, progressWithinMs: progressWithin = settings.progressWithin } = flags;
  // Who boots from a shell sees a boot loop, and may mean it.
  const judging = { oracle, vmlinux, progressWithin, restartsAtMost: Number.POSITIVE_INFINITY };
  const consoles = { relays, shows: ["console", "stderr"] as const };
  const what = { machine, image, placement, detections, traceDir, signal };
  const vm = await boot({ ...what, ...judging, ...consoles, paused: true });
  const timeoutMs = flags.timeoutMs ?? (flags.steps.some(({ kind }) => kind === "expect") ? 120_000 : undefined);
  const judge: Judge = new Judge(vm, {
    flags,
    timeoutMs,
    endsWithGuest: !isInteractive,
    onEvent: (event) => {
      json?.flush();
      void json?.write({ event: "power", ...event });
      session?.happened(event);
    },
    onStep: ({ kind, console, text }) => {
      json?.flush();
      void json?.write(kind === "expect" ? { event: "met", console, pattern: text } : { event: "sent", console, text });
    },
  });
  vm.findings.listen(({ index: _, ...finding }) => {
    json?.flush();
    void json?.write({ event: "finding", ...finding });
    session?.say(saidBy(finding));
  });
  const interrupt = () => judge.fail(signal.reason);
  signal.addEventListener("abort", interrupt);
  const onPipe = (error: { readonly code?: string | undefined }) => {
    if (error.code !== "EPIPE") throw error;
    // The expectations still have an answer to give; without any, nobody is left to show the console to.
    if (flags.steps.length === 0) judge.end({ class: "Detached", exitCode: 0, reason: "nobody reads the output" });
  };
  process.stdout.on("error", onPipe);
  const isShown = !process.stdout.isTTY && (flags.json || !flags.quiet);
  const stopLooking = isShown ? onPipeClosed(process.stdout.fd, () => onPipe({ code: "EPIPE" })) : () => {};
  vm.onPhase((phase) => {
    json?.flush();
    void json?.write({ event: "phase", ...phase });
    progress.update(waitingFor(flags, vm));
  });
  void json?.write({ event: "start", ...vm.placement, trace: vm.traceDir, pid: process.pid });
  if (isInteractive) progress.clear();
  const session = terminal?.attach(vm, judge);
  let view: ConsoleView | undefined;
  let ending: Ending;
  try {
    if (signal.aborted) interrupt();
    view = viewConsoles(vm, { flags, session, json, progress, onFault: (error) => judge.fail(error) });
    judge.start();
    if (!flags.paused) {
      if (!isInteractive) progress.show(waitingFor(flags, vm));
      await vm.resume();
    }
    ending = await judge.ending;
  } catch (error) {
    concludeFailed(vm, error);
    throw error;
  } finally {
    signal.removeEventListener("abort", interrupt);
    await vm.quit();
    progress.clear();
    await view?.drained((name) => statSync(join(vm.traceDir, `${name}.log`), { throwIfNoEntry: false })?.size ?? 0);
    await session?.close();
    stopLooking();
    process.stdout.off("error", onPipe);
  }
  // A report that had begun when the last expectation was met is complete by now.
  const last = (ending.exitCode === 0 && vm.failure && endingByError(vm.failure)) || ending;
  vm.conclude(verdictOf(last));
  // What ended the run is told with its end, and JSON and a terminal have been told already.
  if (!json && !session) tellFindings(vm.findings.all().filter(({ title }) => !last.reason.includes(title)));
  return last;
}

function tellFindings(findings: readonly VmFinding[]): void {
  for (const finding of findings.slice(0, toldFindings)) process.stderr.write(`petri: ${saidBy(finding)}\n`);
}

const saidBy = ({ console, title }: Pick<VmFinding, "console" | "title">): string => `${console} reported: ${title}`;

/** What went wrong is worth more than a record of it that cannot be written. */
function concludeFailed(vm: VirtualMachine, error: unknown): void {
  const ending = endingByError(error);
  if (!ending) return;
  try {
    vm.conclude(verdictOf(ending));
  } catch {}
}

function waitingFor({ steps }: RunFlags, vm: VirtualMachine): string {
  const first = steps.find(({ kind }) => kind === "expect");
  const runs = vm.phase === undefined ? `${vm.placement.vmm} runs` : `${vm.placement.vmm} runs, phase ${vm.phase}`;
  return first ? `${runs}; waiting for ${first.text}` : runs;
}
