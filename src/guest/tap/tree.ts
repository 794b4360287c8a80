import { Parser, type Result } from "tap-parser";
import type { Level } from "./levels.ts";

/** One result of a TAP stream, and those of its subtest. */
export interface TapPoint {
  /** From 1. */
  readonly number: number;
  /** Empty if it has none. */
  readonly name: string;
  /** `todo`: it failed or not, and is known to. A result that is `ok` fails where one in its subtest does. */
  readonly outcome: "passed" | "failed" | "skipped" | "todo";
  /** What follows `# SKIP` or `# TODO`. */
  readonly reason?: string;
  /** Comments before it and the YAML block behind it, as they were printed. */
  readonly diagnostics: readonly string[];
  readonly durationMs?: number;
  readonly points: readonly TapPoint[];
}

/** One list of results that tap-parser reads. */
interface Branch {
  readonly level: Level;
  readonly points: TapPoint[];
  /** Of the subtest that was read last: they belong to the next result. */
  inner: TapPoint[];
}

/** Lines of TAP 14 to a tree of results, by tap-parser: what a result says, and what belongs to which. */
export class TapTree {
  readonly #parser = new Parser({ omitVersion: true });
  readonly #onPoint: (point: TapPoint, depth: number) => void;
  readonly #root: Branch;
  /** Whose line is being read: a subtest that tap-parser finds is this one. */
  #reading: Level;

  /** `onPoint` is called with each result once what belongs to it is known: those of a subtest come before their own. */
  constructor(root: Level, onPoint: (point: TapPoint, depth: number) => void) {
    this.#onPoint = onPoint;
    this.#reading = root;
    this.#root = { level: root, points: [], inner: [] };
    this.#listen(this.#parser, this.#root);
  }

  get points(): readonly TapPoint[] {
    return this.#root.points;
  }

  push(text: string, level: Level): void {
    this.#reading = level;
    this.#parser.write(`${"    ".repeat(level.depth)}${text}\n`);
  }

  end(): void {
    this.#parser.end();
  }

  #listen(parser: Parser, branch: Branch): void {
    parser.on("child", (child: Parser) => {
      const inner: Branch = { level: this.#reading, points: [], inner: [] };
      branch.inner = inner.points;
      this.#listen(child, inner);
    });
    parser.on("assert", (result: Result) => {
      const point = pointOf(result, branch);
      branch.points.push(point);
      branch.inner = [];
      this.#onPoint(point, branch.level.depth);
    });
  }
}

function pointOf(result: Result, { level, points, inner }: Branch): TapPoint {
  const diagnostics = level.notes[points.length] ?? [];
  const { outcome, reason } = verdictOf(result, inner);
  const said = diagnostics.map((line) => /^duration_ms: ([\d.]+)$/.exec(line.trim())?.[1]).find(Boolean);
  const durationMs = result.time ?? (said === undefined ? undefined : Number(said));
  return {
    number: result.id || points.length + 1,
    name: result.name.replace(/^- /, ""),
    outcome,
    ...(reason !== undefined && { reason }),
    diagnostics,
    ...(durationMs !== undefined && Number.isFinite(durationMs) && { durationMs }),
    points: inner,
  };
}

function verdictOf({ ok, skip, todo }: Result, inner: readonly TapPoint[]): Pick<TapPoint, "outcome" | "reason"> {
  const reason = (given: string | true) => (given === true ? {} : { reason: given });
  if (skip !== false) return { outcome: "skipped", ...reason(skip) };
  if (todo !== false) return { outcome: "todo", ...reason(todo) };
  return { outcome: ok && inner.every(({ outcome }) => outcome !== "failed") ? "passed" : "failed" };
}
