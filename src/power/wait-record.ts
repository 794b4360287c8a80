import type { PowerCause, PowerKind } from "./event.ts";

// Waits for power events as data: all that is needed to ask a journal of the same events again.

export interface PowerWaitFacts {
  readonly mode: "next" | "find";
  /** Absent: any kind. */
  readonly event?: PowerKind;
  /** How many events had been recorded. */
  readonly known: number;
  /** `Infinity` if it has none. */
  readonly timeoutMs: number;
}

/** How a wait settled when `known` events had been recorded; `unexpected`: another kind of event came first. */
export type PowerWaitOutcome =
  | {
      readonly outcome: "matched" | "unexpected";
      readonly known: number;
      /** Position of that event in the journal. */
      readonly index: number;
      readonly event: PowerKind;
      readonly cause: PowerCause;
    }
  | { readonly outcome: "timeout" | "ended" | "stopped"; readonly known: number; readonly reason: string };

/** Told of everything that is asked of a journal, in order. */
export interface PowerObserver {
  /** A wait began; what is returned is told once how it settled. */
  waits(facts: PowerWaitFacts): (outcome: PowerWaitOutcome) => void;
  /** These events count as looked at from now on. */
  waives(what: { readonly kinds: readonly PowerKind[] } | { readonly index: number }, known: number): void;
}
