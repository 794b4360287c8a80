import { printable } from "../../power/printable.ts";
import { openingOf, type TapLine, tapLine } from "./line.ts";

const deepest = 16;
const keptLines = 40;

/** One list of results: the stream's own, or a subtest's. */
export interface Level {
  readonly depth: number;
  /** What its lines stand behind. */
  readonly prefix: string;
  isKtap: boolean;
  plan: { readonly end: number; readonly isAtEnd: boolean; readonly isGiven?: boolean } | undefined;
  /** How many results it has so far. */
  count: number;
  /** What was said since the last result, for the next one that failed. */
  said: string[];
  /** What belongs to each result, in order. */
  readonly notes: string[][];
  /** What is wrong with it: its own result may tell the same. */
  readonly problems: string[];
  /** The subtest of this line (`ok 1 - name {`) ends with `}`. */
  readonly isBraced: boolean;
}

export interface LevelsOptions {
  /** The stream is KTAP whatever its first line says: kernels have announced theirs as TAP 14. */
  readonly isKtap?: boolean | undefined;
  /** How many results there are, if the stream does not say. */
  readonly plan?: number | undefined;
}

export interface LevelsEvents {
  /** A line as TAP 14 has it, a subtest four spaces deeper than its parent. */
  line(text: string, level: Level): void;
  problem(text: string): void;
}

/**
 * The dialects of TAP as one: finds where each line belongs, passes on what is TAP, and says what is wrong with the
 * numbers and the plans. Lines that are not TAP's are kept for the next result.
 */
export class Levels {
  readonly #stack: Level[] = [newLevel(0, "", false, false)];
  readonly #events: LevelsEvents;
  /** The indentation of a YAML block that has begun, and whose it is. */
  #yaml: { readonly indent: string; readonly note: string[] } | undefined;
  #opensBrace = false;
  #isGivenUp = false;

  constructor(events: LevelsEvents, { isKtap = false, plan }: LevelsOptions = {}) {
    this.#events = events;
    this.root.isKtap = isKtap;
    if (plan !== undefined) this.root.plan = { end: plan, isAtEnd: false, isGiven: true };
  }

  get root(): Level {
    // Nothing removes the first one.
    return this.#stack[0] as Level;
  }

  /** True if what is wrong with it ended it: a bail out, subtests too deep. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** True if no more lines count: its plan is met, or it was given up. */
  get isOver(): boolean {
    const { plan, count } = this.root;
    return this.#isGivenUp || (plan !== undefined && this.#stack.length === 1 && count >= plan.end);
  }

  push(text: string): void {
    if (this.#isGivenUp || this.#isInYaml(text)) return;
    const found = this.#find(text);
    if (!found) return keep(this.#top.said, text.trim());
    this.#take(found.level, found.line, text);
  }

  /** No more lines will come. */
  end(): void {
    if (this.#isGivenUp) return;
    this.#expectNoBrace();
    if (this.#yaml) this.#events.problem("it ends within the diagnostics of a result");
    this.#leave(this.root, undefined);
    const { plan, count, problems } = this.root;
    if (!plan && count === 0) this.#events.problem("there are no results in it");
    for (const problem of [...problems, ...planProblems(this.root)]) this.#events.problem(problem);
  }

  get #top(): Level {
    return this.#stack.at(-1) ?? this.root;
  }

  /** Lines of a block are anything at all, up to the one that ends it. */
  #isInYaml(text: string): boolean {
    if (!this.#yaml) return false;
    const { indent, note } = this.#yaml;
    if (text === `${indent}...`) this.#yaml = undefined;
    else keep(note, text.startsWith(indent) ? text.slice(indent.length) : text);
    return true;
  }

  #find(text: string): { level: Level; line: TapLine } | undefined {
    for (const level of this.#stack.toReversed()) {
      if (!text.startsWith(level.prefix)) continue;
      const rest = text.slice(level.prefix.length);
      const line = lineOf(rest, level);
      const opening = line?.is === "yaml" ? undefined : openingOf(rest);
      const inner = opening === undefined ? undefined : tapLine(rest.slice(opening.length));
      if (opening !== undefined && inner) {
        this.#leave(level, undefined);
        return { level: this.#open(level, opening, inner), line: inner };
      }
      if (line) return { level, line };
    }
    return undefined;
  }

  #open(parent: Level, opening: string, line: TapLine): Level {
    const isKtap = parent.isKtap || opening === "# " || (line.is === "version" && line.isKtap);
    if (this.#stack.length >= deepest) {
      this.#giveUp(`subtests are more than ${deepest} deep`);
      return parent;
    }
    const level = newLevel(parent.depth + 1, parent.prefix + opening, isKtap, this.#opensBrace);
    this.#opensBrace = false;
    this.#stack.push(level);
    return level;
  }

  #take(level: Level, line: TapLine, text: string): void {
    if (this.#isGivenUp) return;
    switch (line.is) {
      case "comment":
        return keep(level.said, text.trim());
      case "yaml":
        return this.#beginYaml(level, text);
      case "garbled":
        return this.#events.problem(`this is no line of TAP: ${printable(text)}`);
      case "version":
        this.#leave(level, undefined);
        return this.#version(level, line.isKtap);
      case "plan":
        this.#leave(level, undefined);
        return this.#plan(level, line.end, line.text);
      case "point":
        this.#leave(level, line.ok && !/#\s*(?:skip|todo)/i.test(line.text) ? "ok" : "not ok");
        return this.#point(level, line.number, line.text);
      case "subtest":
        this.#leave(level, undefined);
        return this.#events.line(`# Subtest: ${line.name}`, level);
      case "close":
        return this.#close(level);
      case "bail-out":
        return this.#bailOut(level, line.reason);
    }
  }

  #version(level: Level, isKtap: boolean): void {
    if (level.count > 0 || level.plan) level.problems.push("a second stream begins in the middle of it");
    // A plan may be left out in a subtest of KTAP (KUnit does, where parameters make its number).
    if (isKtap) level.isKtap = true;
  }

  #plan(level: Level, end: number, text: string): void {
    if (level.plan && !level.plan.isGiven) return void level.problems.push(`it has a second plan, ${printable(text)}`);
    level.plan = { end, isAtEnd: level.count > 0 };
    this.#events.line(text, level);
  }

  #point(level: Level, number: number | undefined, text: string): void {
    this.#expectNoBrace();
    if (level.plan?.isAtEnd) level.problems.push(`a result comes after the plan: ${printable(text)}`);
    level.count++;
    if (number !== undefined && number !== level.count) {
      level.problems.push(`result ${number} comes where ${level.count} should: ${printable(text)}`);
      // What is missing is told once.
      level.count = Math.max(level.count, number);
    }
    this.#opensBrace = /\{\s*$/.test(text);
    level.notes.push(level.said);
    level.said = [];
    this.#events.line(text, level);
  }

  #beginYaml(level: Level, text: string): void {
    const note = level.notes.at(-1);
    if (note && level.said.length === 0) this.#yaml = { indent: text.slice(0, text.indexOf("-")), note };
  }

  #close(level: Level): void {
    const child = this.#stack[level.depth + 1];
    if (!child?.isBraced && !this.#opensBrace) return keep(level.said, "}");
    this.#opensBrace = false;
    this.#leave(level, "ok", true);
    this.#events.line("}", level);
  }

  #expectNoBrace(): void {
    if (this.#opensBrace) this.#events.problem("a subtest that `{` opens has neither a result nor an end");
    this.#opensBrace = false;
  }

  #bailOut(level: Level, reason: string): void {
    const told = `it bailed out${reason === "" ? "" : `: ${printable(reason)}`}`;
    // What a program of kselftest's printed is over with it; the runner goes on.
    if (level.isKtap && level !== this.root) return void level.problems.push(told);
    this.#giveUp(told);
  }

  #giveUp(why: string): void {
    this.#isGivenUp = true;
    this.#events.problem(why);
  }

  /** Ends the levels below: `closing` is the result that the last of them belongs to, if that is what comes. */
  #leave(level: Level, closing: "ok" | "not ok" | undefined, byBrace = false): void {
    while (this.#stack.length > level.depth + 1) {
      const child = this.#stack.pop() as Level; // there is one below
      const closes = child.depth === level.depth + 1 ? closing : undefined;
      const problems = [...child.problems, ...planProblems(child)];
      if (child.isBraced && !byBrace) problems.push("a subtest that `{` opens has no end");
      else if (closes === undefined)
        problems.push(`a subtest has no result of its own, after ${child.count} results in it`);
      if (!child.plan && child.isKtap && child.count > 0) this.#events.line(`1..${child.count}`, child);
      if (closes === "not ok") for (const problem of problems) keep(level.said, problem);
      else for (const problem of problems) this.#events.problem(problem);
    }
  }
}

/** Results of KTAP have numbers, by which they are told from what else a kernel prints. */
function lineOf(text: string, { isKtap }: Level): TapLine | undefined {
  const line = tapLine(text);
  return isKtap && line?.is === "point" && line.number === undefined ? undefined : line;
}

function planProblems({ plan, count, isKtap, depth }: Level): string[] {
  if (!plan) return count > 0 && !(isKtap && depth > 0) ? [`it has no plan, after ${results(count)}`] : [];
  return count === plan.end ? [] : [`it has ${results(count)} of ${plan.end} that were planned`];
}

const results = (count: number) => (count === 1 ? "1 result" : `${count} results`);

function newLevel(depth: number, prefix: string, isKtap: boolean, isBraced: boolean): Level {
  return { depth, prefix, isKtap, isBraced, plan: undefined, count: 0, said: [], notes: [], problems: [] };
}

/** What says most about a failure is near it: of many lines the first and the last are kept. */
function keep(lines: string[], line: string): void {
  if (line === "") return;
  if (lines.length >= keptLines) lines.splice(keptLines / 2, 1);
  lines.push(line.slice(0, 500));
}
