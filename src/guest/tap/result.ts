import { printable } from "../../power/printable.ts";
import type { TapPoint } from "./tree.ts";

const shownFailures = 10;
const shownLines = 5;

export interface TapFacts {
  /** What printed it: a command, or a console. */
  readonly title: string;
  readonly points: readonly TapPoint[];
  /** All that was printed. */
  readonly text: string;
}

/**
 * The results in a TAP stream that came whole. Those that failed fail the test at its end unless somebody looked at
 * `ok`, `failed` or `points`.
 */
export class TapResult {
  readonly title: string;
  /** All that was printed, results and what stood between them. */
  readonly text: string;
  readonly #points: readonly TapPoint[];
  #isSeen = false;

  constructor({ title, points, text }: TapFacts) {
    this.title = title;
    this.text = text;
    this.#points = points;
  }

  /** True if no result failed. Skipped ones and those that are known to fail (`# TODO`) did not. */
  get ok(): boolean {
    return this.failed.length === 0;
  }

  /** The results that failed, innermost only: one whose subtest failed is told by what failed in it. */
  get failed(): readonly TapPoint[] {
    this.#isSeen = true;
    return failedIn(this.#points);
  }

  /** Every result in order; each has those of its subtest. */
  get points(): readonly TapPoint[] {
    this.#isSeen = true;
    return this.#points;
  }

  /** Why the test fails if nobody looks at the results; undefined if it does not. */
  get ignoredFailure(): string | undefined {
    const failed = this.#isSeen ? [] : failedIn(this.#points);
    return failed.length === 0 ? undefined : `${this.title}: ${describeFailures(failed)}`;
  }
}

/** The guest's TAP cannot be trusted: it is cut off, damaged, too long, not as planned, or was given up (`Bail out!`). */
export class TapError extends Error {
  override readonly name = "TapError";
}

export function tapError(facts: TapFacts, problems: readonly string[], cause?: Error): TapError {
  const [first = "", ...more] = problems;
  const lines = facts.text.split("\n").filter((line) => line.trim() !== "");
  const last = lines.slice(-shownLines).map((line) => `  | ${printable(line)}`);
  const message = [
    `the TAP of ${facts.title} cannot be trusted: ${first}`,
    ...more.map((problem) => `  and: ${problem}`),
    `  ${countPoints(facts.points)} before that`,
    ...(last.length === 0 ? ["  nothing was printed"] : ["last lines of it:", ...last]),
  ].join("\n");
  return new TapError(message, cause && { cause });
}

/** `2 passed, 1 failed`: of all results, those in subtests instead of what they belong to. */
export function countPoints(points: readonly TapPoint[]): string {
  const leaves = leavesOf(points);
  const counts = (["passed", "failed", "skipped", "todo"] as const).flatMap((outcome) => {
    const count = leaves.filter((point) => point.outcome === outcome).length;
    return count === 0 ? [] : [`${count} ${outcome}`];
  });
  return counts.join(", ") || "no results";
}

function describeFailures(failed: readonly TapPoint[]): string {
  const shown = failed.slice(0, shownFailures).map(({ number, name }) => printable(`${number} ${name}`.trim()));
  const more = failed.length > shown.length ? [`${failed.length - shown.length} more`] : [];
  return `${failed.length === 1 ? "1 result" : `${failed.length} results`} failed: ${[...shown, ...more].join(", ")}`;
}

function failedIn(points: readonly TapPoint[]): TapPoint[] {
  return points.flatMap((point) => {
    if (point.outcome !== "failed") return [];
    const inner = failedIn(point.points);
    return inner.length > 0 ? inner : [point];
  });
}

function leavesOf(points: readonly TapPoint[]): TapPoint[] {
  return points.flatMap((point) => (point.points.length > 0 ? leavesOf(point.points) : [point]));
}
