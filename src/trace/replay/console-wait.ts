import { Console, type Cursor } from "../../console/console.ts";
import type { PatternRecord, WaitOutcome } from "../../console/wait-record.ts";
import { type Answer, isSame, recordedAnswer } from "./answer.ts";
import type { RecordedConsole, Recording, WaitBegun, WaitSettled } from "./recording.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** More than any silence or pace of a wait (console/pending-wait.ts). */
const silenceMs = 100;

/**
 * Asks a console's wait again, by the code that a running VM's waits go through, over the bytes that the wait had seen.
 * How it was settled then (by a silence, its deadline, the guest's end) is in the record, so no answer hangs on the
 * times at which a busy host noticed them. Where the record has no such answer any more, recorded time decides.
 */
export function replayConsoleWait(
  begun: WaitBegun,
  settled: WaitSettled | undefined,
  console: RecordedConsole,
  recording: Recording,
): Answer {
  const looked = settled?.looked ?? console.bytes;
  const replay = new ConsoleReplay(begun, console, looked);
  if (settled) replay.decideAs(settled);
  const recorded = recordedAnswer(settled);
  const isCut = looked > console.bytes;
  if (replay.answer && (!isCut || (recorded && isSame(replay.answer, recorded)))) return replay.answer;
  if (isCut) return unknown(`${console.name}.log ends at byte ${console.bytes}, and the wait saw ${looked}`);
  if (settled?.outcome === "stopped") return { outcome: "stopped", reason: settled.reason ?? "" };
  replay.goOn(recording);
  return replay.answer ?? unknown("the record ends before it came");
}

function unknown(reason: string): Answer {
  return { outcome: "unknown", reason };
}

class ConsoleReplay {
  answer: Answer | undefined;
  readonly #begun: WaitBegun;
  readonly #clock = new VirtualClock();
  readonly #source: { end: number };
  readonly #recorded: RecordedConsole;
  readonly #console: Console;

  constructor(begun: WaitBegun, recorded: RecordedConsole, looked: number) {
    this.#begun = begun;
    this.#recorded = recorded;
    const source = recorded.upTo(looked);
    this.#source = source;
    this.#console = new Console({
      ...{ name: recorded.name, source, clock: this.#clock, send: () => {} },
      defaultTimeoutMs: () => Number.POSITIVE_INFINITY,
      observe: () => (outcome) => {
        this.answer = answerOf(outcome);
      },
    });
    try {
      start(this.#console.cursor(begun.from ?? 0), begun);
      this.#clock.settle();
    } catch (error) {
      // Only a record that was not written by this Petri has a pattern that does not compile.
      this.answer = unknown(error instanceof Error ? error.message : String(error));
    }
  }

  /** Brings about what settled the wait when it was recorded, beyond the text itself. */
  decideAs({ outcome, by, reason = "" }: WaitSettled): void {
    if (this.answer) return;
    if (outcome === "ended" || by === "end") this.#endOutput(reason);
    else if (outcome === "timeout") this.#clock.runTo(this.#begun.timeoutMs ?? silenceMs);
    else if (by === "silence" || by === "deadline") this.#clock.runTo(silenceMs);
  }

  /** The recorded answer did not come: what comes instead, by the times in the record. */
  goOn({ power, life, end }: Recording): void {
    const { t, timeoutMs } = this.#begun;
    const deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : t + timeoutMs * 1e6;
    const stops = [
      ...power.filter(({ at, action }) => at >= t && action !== "reset").map(({ at }) => at),
      ...life.filter((event) => event.t >= t && event.what === "ended").map((event) => event.t),
    ];
    const over = Math.min(...stops);
    this.#source.end = Math.max(
      this.#source.end,
      Math.min(this.#recorded.bytes, this.#recorded.endAt(Math.min(deadline, end))),
    );
    this.#console.advance();
    this.#clock.runTo(Math.min(silenceMs, timeoutMs ?? silenceMs));
    if (this.answer) return;
    if (deadline <= Math.min(over, end)) this.#clock.runTo(timeoutMs ?? 0);
    else if (over <= end) this.#endOutput("the guest had ended");
  }

  #endOutput(reason: string): void {
    this.#console.end(new Error(reason));
    this.#clock.settle();
  }
}

function answerOf(outcome: WaitOutcome): Answer {
  return outcome.outcome === "matched"
    ? { outcome: "matched", matches: outcome.matches }
    : { outcome: outcome.outcome, reason: outcome.reason };
}

/** Throws what `expect` does, and for a kind of wait that this Petri does not know. */
function start(cursor: Cursor, { mode, patterns = [], raw = false, timeoutMs }: WaitBegun): void {
  const options = { raw, timeout: timeoutMs ?? Number.POSITIVE_INFINITY };
  const [first] = patterns.map(patternOf);
  if (mode === "expect" && first !== undefined) void cursor.expect(first, options);
  else throw new Error(`this Petri cannot replay a wait of the kind "${mode}"`);
}

function patternOf(record: PatternRecord): string | RegExp {
  return "text" in record ? record.text : new RegExp(record.source, record.flags);
}
