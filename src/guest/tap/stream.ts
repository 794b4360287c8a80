import { Levels, type LevelsOptions } from "./levels.ts";
import { type TapPoint, TapTree } from "./tree.ts";

/** A guest may print results for ever. */
export const tapLimits = { lineBytes: 16_384, bytes: 64 * 2 ** 20, points: 100_000 };
const keptProblems = 20;

export interface TapStreamOptions extends LevelsOptions {
  /** Called with each result, and how deep it lies, as soon as all that belongs to it has come. */
  readonly onPoint?: (point: TapPoint, depth: number) => void;
  readonly limits?: Partial<typeof tapLimits>;
}

/** Reads TAP as it comes, however it is cut: results, and why the stream is not to be trusted. */
export class TapStream {
  readonly problems: string[] = [];
  readonly #levels: Levels;
  readonly #tree: TapTree;
  readonly #limits: typeof tapLimits;
  #points = 0;
  #bytes = 0;
  #line = "";
  #isLost = false;
  #isEnded = false;

  constructor({ onPoint = () => {}, limits, ...options }: TapStreamOptions = {}) {
    this.#limits = { ...tapLimits, ...limits };
    this.#levels = new Levels(
      {
        line: (text, level) => this.#tree.push(text, level),
        problem: (text) => this.#problem(text),
      },
      options,
    );
    this.#tree = new TapTree(this.#levels.root, (point, depth) => {
      if (++this.#points > this.#limits.points)
        this.#giveUp(`there are more than ${this.#limits.points} results in it`);
      else onPoint(point, depth);
    });
  }

  /** Those of the stream itself that are known so far; each has those of its subtest. */
  get points(): readonly TapPoint[] {
    return this.#tree.points;
  }

  /** True once it was given up: what comes is not read any more. */
  get isLost(): boolean {
    return this.#isLost || this.#levels.isGivenUp;
  }

  /** True once nothing that comes can add a result. */
  get isOver(): boolean {
    return this.#isLost || this.#levels.isOver;
  }

  push(text: string): void {
    if (this.#isLost) return;
    this.#bytes += text.length;
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0 && !this.#isLost; end = text.indexOf("\n", from)) {
      this.#take(this.#line + text.slice(from, end));
      this.#line = "";
      from = end + 1;
    }
    this.#line += text.slice(from);
    if (this.#line.length > this.#limits.lineBytes) this.#giveUp(this.#tooLong);
    if (this.#bytes > this.#limits.bytes) this.#giveUp(`it is longer than ${this.#limits.bytes} characters`);
  }

  /** No more will come. Returns all that is wrong with the stream. */
  end(): readonly string[] {
    if (this.#isEnded) return this.problems;
    this.#isEnded = true;
    if (!this.#isLost && this.#line !== "") this.#problem("its last line has no line end: the rest of it is missing");
    if (!this.#isLost) this.#levels.end();
    this.#tree.end();
    return this.problems;
  }

  get #tooLong(): string {
    return `a line of it is longer than ${this.#limits.lineBytes} characters`;
  }

  #take(line: string): void {
    if (line.length > this.#limits.lineBytes) return this.#giveUp(this.#tooLong);
    this.#levels.push(line.replace(/\r+$/, ""));
  }

  #problem(text: string): void {
    if (this.problems.length < keptProblems) this.problems.push(text);
  }

  #giveUp(why: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#line = "";
    this.#problem(why);
  }
}
