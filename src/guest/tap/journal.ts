import type { UntimedEvent } from "../../trace/event.ts";
import { TapResult, tapError } from "./result.ts";
import { TapStream, type TapStreamOptions } from "./stream.ts";
import type { TapPoint } from "./tree.ts";

/** A stream for reports: what came of it, however it ended. */
export interface TapRecord {
  readonly title: string;
  readonly points: readonly TapPoint[];
  /** Why it is not to be trusted; empty if it came whole, or is still coming. */
  readonly problems: readonly string[];
}

/** One stream that is being read. */
export interface OpenTap {
  readonly isOver: boolean;
  /** True once it was given up: what comes is not read any more. */
  readonly isLost: boolean;
  /** Results that are known so far. */
  readonly points: readonly TapPoint[];
  push(text: string): void;
  /** The stream is at its end. Throws TapError if it is not to be trusted, for its own reasons or what `judge` finds. */
  end(judge?: (points: readonly TapPoint[], isWhole: boolean) => readonly string[]): TapResult;
  /** It will not be read on, for this reason. */
  abandon(reason: string): void;
}

/** What opens a stream for a driver. */
export type OpenTapStream = (title: string, options?: TapStreamOptions) => OpenTap;

/** The TAP streams of one VM, in its trace and for its test's reports. */
export class TapJournal {
  readonly #records: { title: string; stream: TapStream; problems: readonly string[] }[] = [];
  readonly #results: TapResult[] = [];
  readonly #note: (event: UntimedEvent) => void;

  constructor(note: (event: UntimedEvent) => void) {
    this.#note = note;
  }

  records(): TapRecord[] {
    return this.#records.map(({ title, stream, problems }) => ({ title, points: stream.points, problems }));
  }

  /** Results that failed, and that nobody looked at. */
  ignoredFailures(): string[] {
    return this.#results
      .flatMap(({ ignoredFailure }) => ignoredFailure ?? [])
      .map((what) => `nobody looked at: ${what}`);
  }

  readonly open: OpenTapStream = (title, options = {}) => {
    const id = this.#records.length;
    const stream = new TapStream({ ...options, onPoint: (point, depth) => this.#notePoint(id, point, depth) });
    const record: { title: string; stream: TapStream; problems: readonly string[] } = { title, stream, problems: [] };
    this.#records.push(record);
    this.#note({ kind: "tap", phase: "begin", id, title });
    const text: string[] = [];
    const close = (problems: readonly string[]) => {
      record.problems = problems;
      this.#note({ kind: "tap", phase: "end", id, title, ...(problems.length > 0 && { error: problems.join("\n") }) });
    };
    return {
      get isOver() {
        return stream.isOver;
      },
      get isLost() {
        return stream.isLost;
      },
      get points() {
        return stream.points;
      },
      push: (piece) => {
        if (!stream.isLost) text.push(piece);
        stream.push(piece);
      },
      end: (judge = () => []) => {
        const own = stream.end();
        const problems = [...own, ...judge(stream.points, own.length === 0)];
        close(problems);
        const facts = { title, points: stream.points, text: text.join("") };
        if (problems.length > 0) throw tapError(facts, problems);
        const result = new TapResult(facts);
        this.#results.push(result);
        return result;
      },
      abandon: (reason) => {
        stream.end();
        close([reason]);
      },
    };
  };

  #notePoint(stream: number, { number, name, outcome, reason }: TapPoint, depth: number): void {
    this.#note({
      ...{ kind: "tap-point", stream, depth, number, name: name.slice(0, longestName), outcome },
      ...(reason !== undefined && { reason: reason.slice(0, longestName) }),
    });
  }
}

const longestName = 500;
