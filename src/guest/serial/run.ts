import { HostError, TimeoutError } from "../../machine/errors.ts";
import { longestTimerMs, reasonWithContext, showDuration } from "../../power/wait.ts";
import { signalName } from "../agent/linux-words.ts";
import { anySignal } from "../any-signal.ts";
import { killedNote, noFolder as lacksFolder, termMs, unkillable } from "../command.ts";
import type { ExecEnd } from "../exec.ts";
import { bySignal, noFolder, notKept, notStarted, pathWord, vanished } from "./agent.ts";
import { decode, fits, readSummary, type SumKind } from "./coded.ts";
import { appending, longestBody, readPieces, whyNotKept } from "./files.ts";
import { type AgentLink, damaged, damagedFrame } from "./link.ts";

/** A command whose end was not heard of is asked after: the news may have been damaged. */
const firstPollMs = 2_000;
const longestPollMs = 10_000;
/** Long enough for a busy guest to say what became of a command that was killed. */
const afterKillMs = 20_000;

export interface RunRequest {
  /** For messages. */
  readonly title: string;
  readonly script: Buffer;
  readonly input: Uint8Array | undefined;
  readonly cwd: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface RunOutcome extends ExecEnd {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** What the agent told of a command's end. */
interface Told {
  readonly status: number;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Its content where that is short, else only how much there is. */
interface Output {
  readonly length: number;
  readonly bytes: Buffer | undefined;
}

/**
 * Runs one command in a slot of the agent's: its script, stdin, stdout and stderr are files named by it.
 * @throws TimeoutError when its time is over; its process group is killed first
 */
export async function runCommand(link: AgentLink, slot: number, id: number, request: RunRequest): Promise<RunOutcome> {
  const { timeoutMs, signal } = request;
  const time = new AbortController();
  const late = new TimeoutError(`${request.title} did not end within ${showDuration(timeoutMs)}`);
  const timer = timeoutMs > longestTimerMs ? undefined : setTimeout(() => time.abort(late), timeoutMs);
  const { over } = link;
  const outside = anySignal(time.signal, over, signal);
  const ends = outside.signal;
  let isStarted = false;
  try {
    await link.start(ends);
    const told = endOf(link, slot, id, ends);
    // Handled below; until then the request may fail first.
    told.catch(() => {});
    isStarted = true;
    await start(link, slot, id, request, ends);
    return await outcomeOf(link, slot, await told, request, ends);
  } catch (error) {
    if (over.aborted)
      throw reasonWithContext(over.reason, `${over.reason.message} while ${request.title} ran in the guest`);
    if (!isStarted && error === late)
      throw new TimeoutError(`${late.message}\n  it was not started: ${link.silence()}`);
    if (!isStarted || (error !== late && error !== signal?.reason)) throw error;
    const left = await kill(link, slot, id);
    if (error !== late) throw error;
    throw new TimeoutError(`${late.message}\n  ${left}`);
  } finally {
    outside.release();
    clearTimeout(timer);
  }
}

/**
 * Hands over the script and stdin, and has them run. A command that fits a line is given and started by one request:
 * each costs the guest some processes.
 */
async function start(
  link: AgentLink,
  slot: number,
  id: number,
  request: RunRequest,
  signal: AbortSignal,
): Promise<void> {
  const { script, input, cwd } = request;
  const facts = await link.start(signal);
  const stdin = input === undefined ? "/dev/null" : `"$D/${slot}.i"`;
  const files = [
    { file: `"$D/${slot}.s"`, bytes: script },
    ...(input === undefined ? [] : [{ file: stdin, bytes: input }]),
  ];
  const begin = [`b ${slot}`, ...files.map(({ file }) => `n ${slot} ${file}`)].join("; ");
  const parts = files.flatMap(({ file, bytes }) => [...appending(slot, file, bytes, facts)]);
  const go = `c ${slot} ${id} ${pathWord(cwd ?? ".")} ${stdin}`;
  const texts = [begin, ...parts, go].filter((part) => typeof part === "string");
  const isShort = texts.length === parts.length + 2 && texts.join("; ").length < longestBody(facts.system);
  for (const body of isShort ? [texts.join("; ")] : [begin, ...parts, go]) await link.request(body, signal);
}

/** Waits for the agent to tell of the command's end; asks after it when it says nothing for long. */
async function endOf(link: AgentLink, slot: number, id: number, signal: AbortSignal): Promise<Told> {
  const { sums } = await link.start(signal);
  const known = new AbortController();
  // Of many commands that a slow guest was asked after most have ended by their turn.
  const whileUnknown = anySignal(signal, known.signal);
  return await new Promise<Told>((resolve, reject) => {
    let pollMs = firstPollMs;
    let timer: NodeJS.Timeout | undefined;
    let asking: "no" | "once" | "again" = "no";
    const poll = () => {
      clearTimeout(timer);
      timer = setTimeout(poll, pollMs);
      pollMs = Math.min(2 * pollMs, longestPollMs);
      asking = asking === "no" ? "once" : "again";
      if (asking === "once") ask();
    };
    const ask = () => {
      // An answer that does not come is for others to notice.
      const asked = link.request(`R='y ${slot} ${id}'`, whileUnknown.signal).catch(() => {});
      void asked.then(() => {
        const isDamaged = asking === "again" && !whileUnknown.signal.aborted;
        asking = isDamaged ? "once" : "no";
        if (isDamaged) ask();
      });
    };
    const stopListening = link.onFrame((fields) => {
      const told = readEnd(fields, id, sums);
      if (told === undefined) return;
      if (told === damaged) return poll();
      settle();
      resolve(told);
    });
    const abort = () => {
      settle();
      reject(signal.reason);
    };
    const settle = () => {
      known.abort();
      whileUnknown.release();
      clearTimeout(timer);
      stopListening();
      signal.removeEventListener("abort", abort);
    };
    timer = setTimeout(poll, pollMs);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
}

/** `z:ID:ID:STATUS:STATUS:CODING:OUTPUT:OUTPUT`; undefined if it is another command's. */
function readEnd(fields: readonly string[], id: number, sums: SumKind): Told | typeof damaged | undefined {
  const [kind, whose, , status, again, coding, out, err] = fields;
  if (kind === damagedFrame) return damaged;
  if (kind !== "z" || whose !== `${id}`) return undefined;
  if (status !== again || !/^\d{1,4}$/.test(status ?? "") || fields.length !== 8) return damaged;
  const [stdout, stderr] = [out, err].map((text) => readOutput(text ?? "", coding, sums));
  return stdout && stderr ? { status: Number(status), stdout, stderr } : damaged;
}

/** `CRC LENGTH`, then the content behind a comma if it is short; nothing if there is none. */
function readOutput(text: string, coding: string | undefined, sums: SumKind): Output | undefined {
  if (text === "") return { length: 0, bytes: Buffer.alloc(0) };
  const [summary, coded] = text.split(",");
  const sum = readSummary(summary);
  if (sum === undefined || coded === undefined) return sum && { length: sum.length, bytes: undefined };
  const bytes = decode(coding, coded);
  return bytes && fits(bytes, sum, sums) ? { length: sum.length, bytes } : undefined;
}

async function outcomeOf(
  link: AgentLink,
  slot: number,
  { status, ...told }: Told,
  { title, cwd }: RunRequest,
  signal: AbortSignal,
): Promise<RunOutcome> {
  if (status === notKept) {
    throw new HostError(`${title} was not started: the guest cannot keep it: ${await whyNotKept(link, slot, signal)}`);
  }
  if (status === noFolder) throw lacksFolder(title, cwd);
  if (status === vanished) throw new HostError(`${title} vanished: the guest killed it and what watched over it`);
  const [stdout, stderr] = [
    told.stdout.bytes ?? (await readPieces(link, `"$D/${slot}.o"`, told.stdout.length, signal)),
    told.stderr.bytes ?? (await readPieces(link, `"$D/${slot}.e"`, told.stderr.length, signal)),
  ];
  return { ...howItEnded(status, (await link.start(signal)).tellsSignals), stdout, stderr };
}

function howItEnded(status: number, tellsSignals: boolean): ExecEnd {
  if (status > bySignal) return { exitCode: null, signal: signalName(status - bySignal) };
  // A shell says 128 + N of a command that signal N killed (POSIX, "Exit Status for Commands").
  const isUnclear = !tellsSignals && status > 128 && status <= 128 + 64;
  return { exitCode: status, signal: isUnclear ? "unknown" : null };
}

/** A test of the shell's: the slot runs that command, and not an earlier one still. */
const isIn = (slot: number, id: number) => `[ "$I${slot}" = ${id} ]`;

/** Kills a command's process group in the guest, and says what it had printed or that nobody knows. */
async function kill(link: AgentLink, slot: number, id: number): Promise<string> {
  const pid = `$J${slot}`;
  try {
    const told = await within(termMs, link, (signal) => byTerm(link, slot, id, pid, signal)).catch(() =>
      within(afterKillMs, link, async (signal) => {
        const killed = endOf(link, slot, id, signal);
        killed.catch(() => {});
        const act = `kill -KILL -${pid} || kill -KILL ${pid}; R='z ${slot} ${id} ${vanished}'`;
        await link.request(`if ${isIn(slot, id)}; then ${act}; else R='z ${slot} ${id} ${notStarted}'; fi`, signal);
        return await killed;
      }),
    );
    if (told.status === notStarted) return "it was not started: the guest did not get to it in that time";
    return killedNote(told.stdout, told.stderr);
  } catch {
    return unkillable;
  }
}

async function within<T>(ms: number, link: AgentLink, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const time = new AbortController();
  const timer = setTimeout(() => time.abort(), ms);
  const ends = anySignal(time.signal, link.over);
  try {
    return await act(ends.signal);
  } finally {
    ends.release();
    clearTimeout(timer);
  }
}

async function byTerm(link: AgentLink, slot: number, id: number, pid: string, signal: AbortSignal): Promise<Told> {
  const told = endOf(link, slot, id, signal);
  told.catch(() => {});
  await link.request(`${isIn(slot, id)} && { kill -TERM -${pid} || kill -TERM ${pid}; }`, signal);
  return await told;
}
