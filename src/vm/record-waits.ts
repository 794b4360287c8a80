import type { WaitObserver } from "../console/wait-record.ts";
import type { PowerObserver } from "../power/wait-record.ts";
import type { UntimedEvent } from "../trace/event.ts";

/** Puts every expectation of one VM into its trace, so that `petri replay` can ask it again. */
export function recordWaits(append: (event: UntimedEvent) => void): {
  readonly console: WaitObserver;
  readonly power: PowerObserver;
} {
  let nextId = 0;
  return {
    console({ console, timeoutMs, ...facts }) {
      const id = nextId++;
      append({ kind: "wait", id, on: console, ...facts, patterns: [...facts.patterns], ...limit(timeoutMs) });
      return (outcome) => {
        if (outcome.outcome !== "matched") return append({ kind: "waited", id, ...outcome });
        append({ kind: "waited", id, ...outcome, matches: [...outcome.matches] });
      };
    },
    power: {
      waits({ timeoutMs, ...facts }) {
        const id = nextId++;
        append({ kind: "wait", id, on: "power", ...facts, ...limit(timeoutMs) });
        return (outcome) => append({ kind: "waited", id, ...outcome });
      },
      waives(what, known) {
        append({ kind: "waived", ...("kinds" in what ? { kinds: [...what.kinds] } : what), known });
      },
    },
  };
}

/** JSON has no Infinity. */
function limit(timeoutMs: number): { timeoutMs?: number } {
  return Number.isFinite(timeoutMs) ? { timeoutMs } : {};
}
