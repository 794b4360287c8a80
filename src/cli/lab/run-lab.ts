import { printable } from "../../console/printable.ts";
import { HostError, type PetriError, TimeoutError, VmmError } from "../../machine/errors.ts";
import { describeEvent } from "../../power/describe.ts";
import { showDuration } from "../../power/wait.ts";
import { type BootOptions, boot } from "../../vm/boot.ts";
import type { VirtualMachine } from "../../vm/virtual-machine.ts";
import { type CommandEnd, readEnd } from "./ended.ts";
import type { Exchange } from "./exchange.ts";

/** Measured 7 to 15 s under TCG on two shared cores; a host that takes this long runs no lab. */
const bootMs = 180_000;

export interface LabRun {
  readonly boot: BootOptions;
  readonly exchange: Exchange;
  /** Counted from the command's start; absent for no limit. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
  readonly onStart: () => void;
}

/**
 * Boots the lab and follows its command to the end; nothing of it runs when this settles, whatever the outcome. Throws
 * HostError for a lab without KVM, VmmError for one that does not boot or goes down, TimeoutError, and the signal's reason.
 */
export async function runLab(run: LabRun): Promise<CommandEnd> {
  // A slow host's stalls are worth telling when the lab fails; they are no failure of the command's.
  const vm = await boot({ ...run.boot, oracle: { warnings: "report", crashes: "report" } });
  // How it ends is judged here: no call on the VM need reject for it.
  vm.expectCrash();
  const over = new AbortController();
  try {
    return await follow(run, vm, over.signal);
  } finally {
    over.abort();
    await vm.quit();
    // Nobody writes any more: what a command that did not come to its end has printed is there, too.
    await run.exchange.drained();
  }
}

async function follow({ exchange, timeoutMs, signal, onStart }: LabRun, vm: VirtualMachine, over: AbortSignal) {
  const down = vm.power.next(undefined, { timeout: Number.POSITIVE_INFINITY, signal: over }).then(describeEvent);
  down.catch(() => {});
  const wrong = Promise.race([exchange.broken, aborted(signal, over)]);
  wrong.catch(() => {});
  await Promise.race([exchange.ready, down, wrong, after(bootMs, over, () => notBooted(vm))]);
  onStart();
  const limit = timeoutMs === undefined ? [] : [after(timeoutMs, over, () => tooLong(vm, timeoutMs))];
  const why = await Promise.race([down, wrong, ...limit]);
  const unfit = exchange.said("failed");
  if (unfit !== undefined) {
    const advice =
      "a lab needs the host's KVM with nesting, or QEMU's tcg with -cpu max,+svm; petri doctor tells what works";
    throw withEvidence(HostError, `the lab cannot run the command: ${unfit.trim()}\n  ${advice}`, vm);
  }
  const end = readEnd(exchange.said("ended") ?? "");
  if (!end) throw withEvidence(VmmError, `the lab went down before the command had ended: ${why}`, vm);
  return end;
}

function notBooted(vm: VirtualMachine): Error {
  return withEvidence(VmmError, `the lab did not start the command within ${showDuration(bootMs)}`, vm);
}

function tooLong(vm: VirtualMachine, ms: number): Error {
  return withEvidence(TimeoutError, `the command was still running in the lab after ${showDuration(ms)}`, vm);
}

function withEvidence(kind: new (message: string) => PetriError, message: string, vm: VirtualMachine): PetriError {
  const lines = vm.console().lastLines(12);
  const reports = vm.findings.all().slice(-5);
  return new kind(
    [
      message,
      ...reports.map(({ title }) => `its kernel reported: ${printable(title)}`),
      ...(lines.length > 0 ? ["last lines of com1:", ...lines.map((line) => `  ${line}`)] : []),
      `trace: ${vm.traceDir}`,
    ].join("\n"),
  );
}

/** Rejects after that time, unless all is over before. */
function after(ms: number, over: AbortSignal, error: () => Error): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(error()), ms);
    over.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}

function aborted(signal: AbortSignal, over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true, signal: over });
  });
}
