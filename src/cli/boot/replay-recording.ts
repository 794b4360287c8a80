import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { printable } from "../../console/printable.ts";
import { TimeoutError, UsageError, VmmError } from "../../machine/errors.ts";
import type { Machine, PowerActions } from "../../machine/machine.ts";
import type { Settings } from "../../machine/settings.ts";
import { describeEvent } from "../../power/describe.ts";
import type { PowerEvent } from "../../power/event.ts";
import type { Trace } from "../../trace/reader.ts";
import { recordingFile } from "../../trace/writer.ts";
import { boot } from "../../vm/boot.ts";
import type { VirtualMachine } from "../../vm/virtual-machine.ts";
import { firstDifference } from "./first-difference.ts";
import type { RunFlags } from "./options.ts";
import type { Prepared } from "./prepare.ts";
import { openTraceFolder } from "./trace-folder.ts";

export interface ReplayRun {
  readonly flags: RunFlags;
  readonly settings: Settings;
  readonly signal: AbortSignal;
  /** The path of a Unix socket for gdb, which then runs the guest. */
  readonly gdb: string | undefined;
}

/** How a recorded run went on, as far as QEMU can repeat it: to its first power event, or to its end. */
interface Recorded {
  readonly event: PowerEvent | undefined;
  /** Bytes of each console until then; all of them if absent. */
  readonly offsets: PowerEvent["offsets"] | undefined;
}

const usualMs = 300_000;
/** The longest that Node's timers take: nobody hurries whoever sits at a debugger. */
const foreverMs = 2 ** 31 - 1;
/** Unix socket paths are at most 107 bytes (unix(7)). */
const longestSocket = 107;

/**
 * Repeats a recorded run, instruction by instruction, and compares what it prints and how it ends with the record.
 * Throws UsageError where there is no whole recording, VmmError where the replay does something else.
 */
export async function replayRecording(trace: Trace, prepared: Prepared, run: ReplayRun): Promise<number> {
  checkFlags(run);
  const recording = wholeRecording(trace);
  const recorded = await readRecorded(trace);
  const { machine } = trace;
  if (!machine) throw new UsageError(`${trace.dir} has no machine`);
  const folder = openTraceFolder(run.flags.trace, "repro", machine.name, run.settings);
  let failed = true;
  try {
    const { placement, detections } = prepared;
    const vm = await boot({
      ...{ placement, detections, traceDir: folder.dir, signal: run.signal, paused: true },
      machine: { ...machine, power: haltingPower(machine) },
      oracle: { enabled: false },
      replay: { recording, isReversible: run.gdb !== undefined },
      waitTimeoutMs: run.gdb === undefined ? (run.flags.timeoutMs ?? usualMs) : foreverMs,
    });
    const event = await runToItsEnd(vm, run);
    const said = compare(trace, folder.dir, recorded, event, run.gdb === undefined);
    failed = false;
    process.stdout.write(run.flags.json ? `${JSON.stringify({ event: "replayed", ...said })}\n` : inWords(said));
    return 0;
  } catch (error) {
    // Where it left the record says more than that it did not end.
    if (error instanceof TimeoutError || error instanceof VmmError) compareConsoles(trace, folder.dir, recorded, false);
    throw error;
  } finally {
    folder.close(failed);
  }
}

function checkFlags({ flags, gdb }: ReplayRun): void {
  const problems: string[] = [];
  if (flags.steps.length > 0 || flags.failOn.length > 0) {
    problems.push("--expect, --send and --fail-on: a replay is compared with its recording; leave them out");
  }
  const bytes = gdb === undefined ? 0 : Buffer.byteLength(resolve(gdb));
  if (bytes > longestSocket) problems.push(`--gdb ${gdb}: a socket's path has at most ${longestSocket} bytes`);
  if (problems.length > 0) throw UsageError.of(problems);
}

function wholeRecording({ dir, machine }: Trace): string {
  const path = resolve(dir, recordingFile);
  if (!machine?.record || !existsSync(path)) {
    throw new UsageError(
      `${dir} holds no recording: boot with --record, or machine: { record: true }, and keep the trace`,
    );
  }
  // QEMU writes the version, which comes first, last of all (replay/replay.c, replay_finish).
  if (readFileSync(path).readUInt32BE(0) !== 0) return path;
  throw new UsageError(`the recording of ${dir} was cut off: its VMM was killed before it could end the recording`);
}

async function readRecorded({ dir, events }: Trace): Promise<Recorded> {
  for await (const record of events()) {
    if (record.kind === "power") return { event: record.event, offsets: record.event.offsets };
    if (record.kind === "vm" && record.what === "reset") {
      throw new UsageError(`${dir} cannot be replayed: the VM was reset from outside, which QEMU does not record`);
    }
  }
  return { event: undefined, offsets: undefined };
}

/** The first power event is the end: nothing resets the guest. */
function haltingPower({ watchdog }: Machine): Partial<PowerActions> {
  return { reset: "halt", shutdown: "halt", crash: "halt", ...(watchdog && { watchdog: "halt" }) };
}

async function runToItsEnd(vm: VirtualMachine, run: ReplayRun): Promise<PowerEvent | undefined> {
  try {
    return await untilOver(vm, run);
  } finally {
    await vm.quit();
  }
}

/** The power event with which the replay ends; undefined if the recording ended before one. */
async function untilOver(vm: VirtualMachine, { gdb, signal }: ReplayRun): Promise<PowerEvent | undefined> {
  const next = nextEvent(vm, signal);
  if (gdb === undefined) {
    await vm.resume();
    return await next;
  }
  const path = resolve(gdb);
  await vm.facet("gdb")(path);
  process.stdout.write(`gdb listens on ${path}\nconnect with: gdb -ex 'target remote ${path}'\n`);
  const event = await next;
  if (vm.state !== "halted") return event;
  process.stdout.write("the guest stands still: gdb can look at it and go back; Ctrl-C ends it\n");
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  return event;
}

async function nextEvent(vm: VirtualMachine, signal: AbortSignal): Promise<PowerEvent | undefined> {
  try {
    return await vm.power.next(undefined, { signal });
  } catch (error) {
    if (vm.state === "ended" && !signal.aborted) return undefined;
    throw error;
  }
}

interface Said {
  readonly bytes: Readonly<Record<string, number>>;
  readonly end: string;
}

function compare(
  trace: Trace,
  replayDir: string,
  recorded: Recorded,
  event: PowerEvent | undefined,
  isWhole: boolean,
): Said {
  const bytes = compareConsoles(trace, replayDir, recorded, isWhole);
  const named = (each: PowerEvent | undefined) => (each ? `${each.kind} (${each.cause})` : "the end of the recording");
  if (isWhole && named(event) !== named(recorded.event)) {
    const why = event?.kind === "vmm-error" ? `\n  it said: ${printable(event.evidence.join("; "))}` : "";
    throw new VmmError(`the replay came to ${named(event)}, and the recording to ${named(recorded.event)}${why}`);
  }
  return { bytes, end: event ? describeEvent(event) : "the recording ended" };
}

/** Bytes of each console that are the same. Throws VmmError at the first that is not. */
function compareConsoles(
  { consoles }: Trace,
  replayDir: string,
  { offsets }: Recorded,
  isWhole: boolean,
): Record<string, number> {
  const same: Record<string, number> = {};
  for (const { console, path } of consoles) {
    const whole = readFileSync(path);
    const recorded = offsets ? whole.subarray(0, offsets[console] ?? 0) : whole;
    const log = join(replayDir, `${console}.log`);
    const replayed = existsSync(log) ? readFileSync(log) : Buffer.alloc(0);
    const at = firstDifference(recorded, replayed);
    if (at !== undefined && (isWhole || at < Math.min(recorded.length, replayed.length))) {
      throw new VmmError(
        `the replay left the recording at byte ${at} of ${console}\n` +
          `  recorded: ${around(recorded, at)}\n  replayed: ${around(replayed, at)}`,
      );
    }
    same[console] = replayed.length;
  }
  return same;
}

function around(bytes: Buffer, at: number): string {
  if (at >= bytes.length) return `nothing, it has ${bytes.length} bytes`;
  return printable(JSON.stringify(bytes.toString("latin1", Math.max(0, at - 20), at + 20)));
}

function inWords({ bytes, end }: Said): string {
  const consoles = Object.entries(bytes).map(([name, count]) => `${count} bytes of ${name}`);
  return `the replay is as recorded: ${consoles.join(", ")}; ${end}\n`;
}
