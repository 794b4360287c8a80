import type { ConsoleName } from "../../machine/machine.ts";
import type { Verdict } from "../writer.ts";
import { type Answer, describeAnswer, describeWait, isSame, recordedAnswer } from "./answer.ts";
import { replayConsoleWait } from "./console-wait.ts";
import { replayPowerWaits } from "./power-waits.ts";
import type { RecordedConsole, Recording, WaitBegun, WaitSettled } from "./recording.ts";

/** One recorded expectation, asked again. */
export interface ReplayedWait {
  readonly id: number;
  readonly on: ConsoleName | "power";
  /** `com1 "login:"`. */
  readonly title: string;
  /** Absent if it had not settled when the record ends. */
  readonly recorded?: Answer;
  readonly now: Answer;
  /** `open`: there is nothing to compare with. `unknown`: the record lacks bytes or events that the wait saw. */
  readonly relation: "same" | "different" | "unknown" | "open";
  /** Both answers in words. */
  readonly says: { readonly recorded?: string; readonly now: string };
}

/** Asks every recorded expectation again, in the order they began to look. */
export function replayWaits(recording: Recording): ReplayedWait[] {
  const { asked, consoles } = recording;
  const settledById = new Map(asked.flatMap((event) => (event.kind === "waited" ? [[event.id, event]] : [])));
  const powerAnswers = replayPowerWaits(recording);
  return asked.flatMap((begun) => {
    if (begun.kind !== "wait") return [];
    const settled = settledById.get(begun.id);
    const { on } = begun;
    const now =
      on === "power"
        ? (powerAnswers.get(begun.id) ?? lacking("no such event is in the record"))
        : answerOn(consoles.get(on), begun, settled, recording);
    return [compare(begun, settled, now)];
  });
}

function answerOn(
  console: RecordedConsole | undefined,
  begun: WaitBegun,
  settled: WaitSettled | undefined,
  recording: Recording,
): Answer {
  return console
    ? replayConsoleWait(begun, settled, console, recording)
    : lacking(`the record has no log of ${begun.on}`);
}

function lacking(reason: string): Answer {
  return { outcome: "unknown", reason };
}

function compare(begun: WaitBegun, settled: WaitSettled | undefined, now: Answer): ReplayedWait {
  const recorded = recordedAnswer(settled);
  const relation = !recorded
    ? "open"
    : now.outcome === "unknown"
      ? "unknown"
      : isSame(recorded, now)
        ? "same"
        : "different";
  // What the same answer was called then says more than what a replay calls it.
  const told = recorded && relation === "same" ? recorded : now;
  return {
    ...{ id: begun.id, on: begun.on, title: describeWait(begun), now: told, relation },
    ...(recorded && { recorded }),
    says: { now: describeAnswer(told, begun), ...(recorded && { recorded: describeAnswer(recorded, begun) }) },
  };
}

/** The run's own verdict if every expectation comes to the same again; else what stands against it. */
export function judgeReplay({ verdict, end }: Recording, waits: readonly ReplayedWait[]): Verdict {
  const first = (relation: ReplayedWait["relation"]) => waits.find((wait) => wait.relation === relation);
  const different = first("different");
  if (different) {
    const { title, says } = different;
    const reason = `${title} comes to something else: recorded ${says.recorded}; now ${says.now}`;
    return { class: "Different", exitCode: 1, reason };
  }
  if (!verdict) {
    const open = first("open");
    const reason = `the record ends at ${seconds(end)}, before the run was judged${open ? ` and while ${open.title} was awaited` : ""}`;
    return { class: "Interrupted", exitCode: 130, reason };
  }
  const unknown = first("unknown");
  if (unknown) return { class: "Unproven", exitCode: 1, reason: `${unknown.title}: ${unknown.says.now}` };
  return { class: verdict.class, exitCode: verdict.exitCode, reason: verdict.reason };
}

/** `1.234 s` of a trace's nanoseconds. */
export function seconds(t: number): string {
  return `${(t / 1e9).toFixed(3)} s`;
}
