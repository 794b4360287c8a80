import { open } from "node:fs/promises";
import { HostError, UsageError } from "../../machine/errors.ts";
import { listOf } from "../../machine/nearest.ts";
import { durationForm, readDuration } from "../../machine/size.ts";
import { printable } from "../../power/printable.ts";
import { showDuration } from "../../power/wait.ts";
import { asciicast } from "../../trace/asciicast.ts";
import { type ConsoleLog, readTrace, type Trace } from "../../trace/reader.ts";
import { PlainStream } from "../boot/plain-stream.ts";
import { RawTerminal } from "../boot/raw-terminal.ts";
import type { ConsoleFlags } from "../console.ts";
import { writeTo } from "../output.ts";
import { Pacer } from "./pacer.ts";
import { type PlaybackOptions, play } from "./play.ts";
import { openLog, recorded } from "./recorded.ts";

type Log = Awaited<ReturnType<typeof openLog>>;

/** Plays a console of a trace back, or writes it as an asciicast. Throws UsageError that names all that is wrong. */
export async function consoleCommand(dir: string, flags: ConsoleFlags, signal: AbortSignal): Promise<number> {
  const options = readOptions(flags);
  const trace = await readTrace(dir);
  const chosen = chooseConsole(trace, flags.console);
  const log = await openLog(chosen);
  try {
    if (flags.asciicast !== undefined) await writeCast(trace, chosen, log, flags.asciicast);
    else if (process.stdin.isTTY && process.stdout.isTTY) await playInTerminal(trace, chosen, log, options, signal);
    else await printPlain(trace, chosen, log, signal);
    return 0;
  } finally {
    await log.close();
  }
}

function readOptions({ speed = "1", at = "0s", idle = "2s", wait }: ConsoleFlags): PlaybackOptions {
  const problems: string[] = [];
  const times = Number(speed);
  if (!(times > 0 && Number.isFinite(times))) {
    problems.push(`--speed ${printable(speed)} is not accepted: write a number above 0, such as 4 or 0.5`);
  }
  const duration = (option: string, text: string): number => {
    const ms = readDuration(text);
    if (ms === undefined) problems.push(`--${option} ${printable(text)} is not accepted: write ${durationForm}`);
    return ms ?? 0;
  };
  const options = { speed: times, atMs: duration("at", at), idleMs: duration("idle", idle) };
  if (problems.length > 0) throw UsageError.of(problems);
  return wait ? options : { ...options, idleMs: 0 };
}

function chooseConsole({ dir, consoles }: Trace, name: string): ConsoleLog {
  const found = consoles.find(({ console }) => console === name);
  if (found) return found;
  const there = consoles.map(({ console }) => console);
  const what = there.length === 0 ? "no console" : `only ${listOf(there, "and")}`;
  throw new UsageError(`--console ${printable(name)}: ${dir} holds ${what}`);
}

async function playInTerminal(
  trace: Trace,
  chosen: ConsoleLog,
  log: Log,
  options: PlaybackOptions,
  signal: AbortSignal,
): Promise<void> {
  const pacer = new Pacer();
  const leave = () => pacer.leave();
  const terminal = new RawTerminal((keys) => {
    // Answers to what the guest asks the terminal come here too; they hold none of these.
    for (const key of keys.toString("latin1")) {
      if (key === "q" || key === "\x03") leave();
      else if (key === " ") pacer.togglePause();
    }
  }, leave);
  signal.addEventListener("abort", leave);
  let reachedMs = 0;
  try {
    reachedMs = await play(recorded(trace, chosen, log.read), options, pacer, (bytes) => terminal.show(bytes));
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", leave);
    // The last line stands below what the guest has drawn, where closing leaves the cursor.
    await terminal.close();
  }
  const how = pacer.isOver ? "left" : `the end of ${chosen.console}`;
  process.stderr.write(`[petri: ${how} at ${showDuration(reachedMs)}]\n`);
}

async function printPlain(trace: Trace, chosen: ConsoleLog, log: Log, signal: AbortSignal): Promise<void> {
  const plain = new PlainStream();
  for await (const { bytes } of recorded(trace, chosen, log.read)) {
    signal.throwIfAborted();
    await writeTo(process.stdout, plain.push(bytes));
  }
  await writeTo(process.stdout, plain.end());
}

async function writeCast(trace: Trace, { console }: ConsoleLog, log: Log, file: string): Promise<void> {
  const lines = asciicast(trace.events({ onMalformed: () => {} }), { console, read: log.read, title: console });
  if (file === "-") {
    for await (const line of lines) await writeTo(process.stdout, line);
    return;
  }
  const fault = (error: unknown) =>
    new HostError(`cannot write ${file}: ${(error as Error).message}`, { cause: error });
  const out = await open(file, "w").catch((error) => Promise.reject(fault(error)));
  try {
    for await (const line of lines) await out.appendFile(line).catch((error) => Promise.reject(fault(error)));
  } finally {
    await out.close();
  }
}
