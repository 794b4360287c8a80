/** The stages of a boot, in their order. A boot may leave some out: a kernel booted directly has no loader. */
export const bootPhases = ["firmware", "loader", "kernel", "init", "ready"] as const;
export type BootPhase = (typeof bootPhases)[number];

/** Later phases rank higher. */
export function rank(phase: BootPhase): number {
  return bootPhases.indexOf(phase);
}

/** One way in which a console tells that a phase has begun. */
export interface PhaseRule {
  readonly phase: BootPhase;
  /** Who prints it. */
  readonly by: string;
  /** Matches within one line of readable text. No flags; it must not be able to match a line feed. */
  readonly pattern: RegExp;
  /**
   * It waits for input on a line without an end. Such a pattern starts at its line's start and ends with a definite
   * character: what it matches stays the same however the line goes on.
   */
  readonly isPrompt?: true;
  /** A line that is recognised by it. */
  readonly example: string;
}

/** A line that begins a phase. */
export interface Sighting {
  readonly phase: BootPhase;
  /** Byte offset of the line in the console's record. */
  readonly offset: number;
  /** The line, or of a prompt its text; safe to show. */
  readonly evidence: string;
}
