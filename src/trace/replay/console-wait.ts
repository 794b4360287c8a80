import { Console, type Cursor } from "../../console/console.ts";
import type { PatternRecord, WaitOutcome } from "../../console/wait-record.ts";
import type { ConsoleName } from "../../machine/machine.ts";
import { type Answer, isSame, recordedAnswer } from "./answer.ts";
import type { RecordedConsole, Recording, WaitBegun, WaitSettled } from "./recording.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** More than any silence or pace of a wait (console/pending-wait.ts). */
const silenceMs = 100;
/** A deadline that comes before any silence: in what the wait had seen by then, time does not matter any more. */
const atOnceMs = 1;

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
  const replay = new ConsoleReplay(begun, settled, console, looked);
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
  readonly #span = new Span();
  readonly #source: { end: number };
  readonly #recorded: RecordedConsole;
  readonly #console: Console;

  constructor(begun: WaitBegun, settled: WaitSettled | undefined, recorded: RecordedConsole, looked: number) {
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
    // A wait that a silence settled looked at a console that had been silent.
    if (settled?.by === "silence") this.#clock.runTo(silenceMs);
    try {
      start(this.#console.cursor(begun.from ?? 0), begun, settled, this.#span);
      this.#clock.settle();
    } catch (error) {
      // Only a record that was not written by this Petri has a pattern that does not compile.
      this.answer = unknown(error instanceof Error ? error.message : String(error));
    }
  }

  /** Brings about what settled the wait when it was recorded, beyond the text itself. */
  decideAs(settled: WaitSettled): void {
    const { outcome, by, reason = "" } = settled;
    if (this.answer) return;
    if (outcome === "absent" && isClosed(settled)) {
      // Beside a pattern that ends the span, this one is never heard.
      this.#span.close(this.#recorded.name, this.#source.end);
      this.#clock.settle();
      if (this.answer) return;
    }
    if (outcome === "ended" || by === "end") this.#endOutput(reason, outcome !== "ended");
    else if (isByDeadline(settled)) this.#pass(atOnceMs);
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
    this.#pass(Math.min(silenceMs, timeoutMs ?? silenceMs));
    if (this.answer) return;
    if (deadline <= Math.min(over, end)) this.#pass(timeoutMs ?? 0);
    else if (over <= end) this.#endOutput("the guest had ended", true);
  }

  #pass(ms: number): void {
    this.#clock.runTo(this.#clock.now() + ms);
  }

  #endOutput(reason: string, inOrder: boolean): void {
    this.#console.end(new Error(reason), { inOrder });
    this.#clock.settle();
  }
}

function answerOf(outcome: WaitOutcome): Answer {
  if (outcome.outcome === "matched") return { outcome: "matched", matches: outcome.matches };
  return outcome.outcome === "absent" ? { outcome: "absent" } : { outcome: outcome.outcome, reason: outcome.reason };
}

/** Begins the wait. Throws what its method does, and for a kind of wait that this Petri does not know. */
function start(cursor: Cursor, begun: WaitBegun, settled: WaitSettled | undefined, span: Span): void {
  const { mode, raw = false, tolerant = false, order, timeoutMs = Number.POSITIVE_INFINITY } = begun;
  const timeout = settled && isByDeadline(settled) ? atOnceMs : timeoutMs;
  const patterns = (begun.patterns ?? []).map(patternOf);
  const [first = "", until] = patterns;
  const plain = { timeout, ...(tolerant && { tolerateKernelMessages: true }) };
  const options = { ...plain, ...(raw && { raw }) };
  switch (mode) {
    case "expect":
      return void cursor.expect(first, options);
    case "any":
      return void cursor.expectAny(patterns, options);
    case "lines":
      return void cursor.expectLines(patterns, {
        ...plain,
        consecutive: order === "consecutive",
        ordered: order !== "any",
      });
    case "not":
      if (until !== undefined) return void cursor.expectNot(first, { ...options, until });
      return void cursor.expectNot(
        first,
        isClosed(settled) ? { ...options, until: span } : { ...options, during: timeout },
      );
    default:
      throw new Error(`this Petri cannot replay a wait of the kind "${mode}" on a console`);
  }
}

function isByDeadline({ outcome, by }: WaitSettled): boolean {
  return outcome === "timeout" || outcome === "absent" || by === "deadline";
}

/** True if it was the end of a `not`'s span, or that it did not come, which settled the wait. */
function isClosed(settled: WaitSettled | undefined): boolean {
  return settled?.outcome === "timeout" || (settled?.outcome === "absent" && settled.by === "deadline");
}

/** A promise whose fulfilment is heard at once. */
class Span implements PromiseLike<unknown> {
  #close: ((value: unknown) => unknown) | null | undefined;

  // biome-ignore lint/suspicious/noThenProperty: this is what a wait takes for the end of its span
  then(onFulfilled?: ((value: unknown) => unknown) | null): Promise<never> {
    this.#close = onFulfilled;
    return new Promise(() => {});
  }

  /** The span was over at that byte. */
  close(console: ConsoleName, offset: number): void {
    this.#close?.({ offsets: { [console]: offset } });
  }
}

function patternOf(record: PatternRecord): string | RegExp {
  return "text" in record ? record.text : new RegExp(record.source, record.flags);
}
