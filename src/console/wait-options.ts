import { UsageError } from "../machine/errors.ts";
import type { PowerEvent } from "../power/event.ts";
import type { PatternOptions } from "./pattern.ts";

export interface WaitOptions extends PatternOptions {
  /** Milliseconds, or `"5s"`. Counted from when the wait begins to look. */
  timeout?: number | string;
  /** Looks from where the console stood when this event happened, whatever was consumed since. */
  after?: PowerEvent;
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal;
}

export interface LinesOptions extends Omit<WaitOptions, "raw"> {
  /** False: the lines may come in any order, each for one pattern only. */
  ordered?: boolean;
  /** No other line may stand between them. */
  consecutive?: boolean;
}

/** Throws UsageError for options that exclude each other. */
export function lineOrder({ ordered = true, consecutive = false }: LinesOptions): "in-order" | "consecutive" | "any" {
  if (consecutive && !ordered) {
    throw new UsageError("expectLines: consecutive lines come in the order given; leave out ordered: false");
  }
  if (consecutive) return "consecutive";
  return ordered ? "in-order" : "any";
}

export function refuseEmpty(method: string, patterns: readonly unknown[]): void {
  if (!Array.isArray(patterns) || patterns.length === 0) {
    throw new UsageError(`${method} needs a list of at least one text or regular expression`);
  }
}
