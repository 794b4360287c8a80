import type { MatchRecord, PatternRecord } from "../../console/wait-record.ts";
import type { PowerEvent } from "../../power/event.ts";
import { printable } from "../../power/printable.ts";
import { showDuration } from "../../power/wait.ts";
import type { WaitBegun, WaitSettled } from "./recording.ts";

/** What a wait comes to; `unknown` where the record does not tell. */
export type Answer =
  | { readonly outcome: "matched"; readonly matches: readonly MatchRecord[] }
  | { readonly outcome: "matched" | "unexpected"; readonly event: Pick<PowerEvent, "index" | "kind" | "cause"> }
  /** What must not come did not, as long as that was asserted. */
  | { readonly outcome: "absent" }
  | { readonly outcome: "timeout" | "ended" | "stopped" | "unknown"; readonly reason: string };

/** The recorded answer; undefined for a wait that had not settled when the record ends. */
export function recordedAnswer(settled: WaitSettled | undefined): Answer | undefined {
  if (!settled) return undefined;
  const { outcome, index = 0, event, cause = "unknown", matches = [], reason = "" } = settled;
  if (outcome === "absent") return { outcome };
  if (outcome !== "matched" && outcome !== "unexpected") return { outcome, reason };
  if (event !== undefined) return { outcome, event: { index, kind: event, cause } };
  return outcome === "matched" ? { outcome, matches } : { outcome: "unknown", reason: "the record names no event" };
}

/** Whether a test that is given the one would do the same as with the other. */
export function isSame(one: Answer, other: Answer): boolean {
  if (one.outcome !== other.outcome) return false;
  return JSON.stringify(told(one)) === JSON.stringify(told(other));
}

function told(answer: Answer): unknown {
  if ("matches" in answer) {
    return answer.matches.map(({ start, end, text, groups = {}, pattern = 0 }) => {
      return [start, end, text, Object.entries(groups).sort(), pattern];
    });
  }
  return "event" in answer ? [answer.event.index, answer.event.kind, answer.event.cause] : undefined;
}

/** `com1 "login:"`, `com1 not /BUG/`, `power next shutdown`. */
export function describeWait({ on, mode, patterns = [], event }: WaitBegun): string {
  if (on === "power") return `power ${mode}${event === undefined ? "" : ` ${event}`}`;
  return [on, ...(mode === "expect" ? [] : [mode]), patterns.map(describePattern).join(", ")].join(" ");
}

function describePattern(pattern: PatternRecord): string {
  return "text" in pattern ? `"${printable(pattern.text)}"` : printable(`/${pattern.source}/${pattern.flags}`);
}

export function describeAnswer(answer: Answer, { timeoutMs }: WaitBegun): string {
  if ("matches" in answer) {
    return answer.matches.map(({ start, text }) => `"${printable(text)}" at byte ${start}`).join(", ");
  }
  if ("event" in answer) {
    const { kind, cause } = answer.event;
    return `${kind} (${cause})${answer.outcome === "unexpected" ? " came first" : ""}`;
  }
  switch (answer.outcome) {
    case "absent":
      return "did not come";
    case "timeout":
      return `did not come${timeoutMs === undefined ? "" : ` within ${showDuration(timeoutMs)}`}`;
    case "ended":
      return `nothing more came: ${answer.reason}`;
    case "stopped":
      return `stopped: ${answer.reason}`;
    default:
      return `unknown: ${answer.reason}`;
  }
}
