import type { PowerEvent } from "../../power/event.ts";
import { PowerJournal } from "../../power/journal.ts";
import type { PowerWaitOutcome } from "../../power/wait-record.ts";
import type { Answer } from "./answer.ts";
import type { Recording, WaitBegun, WaitSettled } from "./recording.ts";

/**
 * Asks a journal of the recorded events everything that was asked of the running VM's, in the same order between the
 * same events. Returns the answers by the waits' ids.
 */
export function replayPowerWaits({ asked, power }: Recording): ReadonlyMap<number, Answer> {
  const answers = new Map<number, Answer>();
  const settledById = new Map(asked.flatMap((event) => (event.kind === "waited" ? [[event.id, event]] : [])));
  let asking = 0;
  const journal: PowerJournal = new PowerJournal({
    observer: {
      waits() {
        const id = asking;
        return (outcome) => answers.set(id, answerOf(outcome));
      },
      waives() {},
    },
  });
  const know = (count: number) => {
    for (const event of power.slice(journal.events.length, count)) journal.record(event);
  };
  const stops = new Map<number, AbortController>();
  for (const event of asked) {
    if (event.kind === "wait" && event.on === "power") {
      know(event.known ?? 0);
      asking = event.id;
      const stop = new AbortController();
      stops.set(event.id, stop);
      ask(journal, event, settledById.get(event.id), stop);
    } else if (event.kind === "waived") {
      know(event.known);
      waive(journal, event);
    } else if (event.kind === "waited" && stops.has(event.id)) {
      know(event.known ?? 0);
      if (answers.has(event.id)) continue;
      // It must not take an event that came later.
      stops.get(event.id)?.abort();
      answers.set(event.id, unmet(event, journal));
    }
  }
  know(power.length);
  return answers;
}

function ask(
  journal: PowerJournal,
  { mode, event, known = 0 }: WaitBegun,
  settled: WaitSettled | undefined,
  stop: AbortController,
): void {
  // Stopped before any further event came: it did not look, or found nothing. Either way it must take no event here.
  if (settled?.outcome === "stopped" && settled.known === known) stop.abort(new Error(settled.reason ?? ""));
  const { signal } = stop;
  if (mode === "find" && event !== undefined) void journal.find(event, { signal });
  else void journal.next(event, { signal });
}

function waive(
  journal: PowerJournal,
  { kinds, index }: { kinds?: PowerEvent["kind"][] | undefined; index?: number | undefined },
) {
  if (kinds) journal.allow(...kinds);
  const event = index === undefined ? undefined : journal.events[index];
  if (event) journal.acknowledge(event);
}

/** What had not come when the wait was settled then. */
function unmet({ outcome, known = 0, reason = "" }: WaitSettled, { events }: PowerJournal): Answer {
  if (events.length < known) {
    return { outcome: "unknown", reason: `the record has ${events.length} power events, and the wait saw ${known}` };
  }
  if (outcome === "matched" || outcome === "unexpected") return { outcome: "timeout", reason: "no such event came" };
  return outcome === "absent" ? { outcome } : { outcome, reason };
}

function answerOf(outcome: PowerWaitOutcome): Answer {
  if (!("index" in outcome)) return { outcome: outcome.outcome, reason: outcome.reason };
  const { index, event, cause } = outcome;
  return { outcome: outcome.outcome, event: { index, kind: event, cause } };
}
