import { printable } from "../printable.ts";
import { readableView } from "../text-view.ts";
import { type BootPhase, type PhaseRule, rank, type Sighting } from "./phase.ts";
import { phaseRules } from "./rules.ts";

/** No banner is longer; of a longer line this much is looked at. */
const longestLine = 4096;

/**
 * Recognises the phases of one boot on one console, byte by byte as it is printed: each phase once, in order, and
 * none that comes before one that was seen. The outcome is the same however the stream is cut. Memory is bounded by
 * one chunk and the kept part of one line; once the last phase was seen, bytes cost nothing.
 */
export class PhaseRecogniser {
  readonly #rules: readonly PhaseRule[];
  readonly #view = readableView(true);
  #reached = -1;
  #open: Rules;
  /** The rest of a line that was judged by its start. */
  #isSkipping = false;

  constructor(rules: readonly PhaseRule[] = phaseRules) {
    this.#rules = rules;
    this.#open = new Rules(rules);
  }

  /** Phases up to this one are known from elsewhere: they are not looked for any more. */
  pass(phase: BootPhase): void {
    if (rank(phase) <= this.#reached) return;
    this.#reached = rank(phase);
    this.#open = new Rules(this.#rules.filter((rule) => rank(rule.phase) > this.#reached));
  }

  /** The phases that begin with these bytes, which follow those of the last call and start at `offset`. */
  push(bytes: Buffer, offset: number): Sighting[] {
    if (this.#open.isEmpty) return [];
    const view = this.#view;
    view.append(bytes, offset);
    const found: Sighting[] = [];
    if (this.#isSkipping && !this.#skip()) return found;
    this.#lines(found);
    const rest = view.text;
    if (rest.length > longestLine) {
      this.#judge(0, rest.length, found);
      view.drop(rest.length);
      this.#isSkipping = true;
    } else if (this.#open.promptIn(rest)) this.#judge(0, rest.length, found, true);
    return found;
  }

  /** Leaves a long line behind; false while it goes on. */
  #skip(): boolean {
    const end = this.#view.text.indexOf("\n") + 1;
    this.#view.drop(end || this.#view.text.length);
    if (end > 0) this.#isSkipping = false;
    return end > 0;
  }

  /** Goes over the lines that are whole, by one search for all rules. */
  #lines(found: Sighting[]): void {
    const { text } = this.#view;
    const end = text.lastIndexOf("\n") + 1;
    let from = 0;
    while (from < end && !this.#open.isEmpty) {
      const hit = this.#open.search(text, from);
      if (hit < 0 || hit >= end) break;
      const start = text.lastIndexOf("\n", hit - 1) + 1;
      const lineEnd = text.indexOf("\n", hit);
      this.#judge(start, lineEnd, found);
      from = lineEnd + 1;
    }
    this.#view.drop(end);
  }

  #judge(start: number, end: number, found: Sighting[], isPartial = false): void {
    const line = this.#view.text.slice(start, Math.min(end, start + longestLine));
    const { start: offset } = this.#view.bytesOf(start);
    for (const { phase, evidence } of this.#open.judge(line, isPartial)) {
      if (rank(phase) <= this.#reached) continue;
      found.push({ phase, offset, evidence });
      this.pass(phase);
    }
  }
}

/** The rules that can still tell something new. */
class Rules {
  readonly #rules: readonly PhaseRule[];
  readonly #any: RegExp;

  constructor(rules: readonly PhaseRule[]) {
    const prompts = rules.filter(({ isPrompt }) => isPrompt);
    const others = rules.filter(({ isPrompt }) => !isPrompt).sort((a, b) => rank(a.phase) - rank(b.phase));
    // In the order in which they stand in a line: a prompt is at its start, and judged before the rest is there.
    this.#rules = [...prompts, ...others];
    this.#any = new RegExp(rules.map(({ pattern }) => `(?:${pattern.source})`).join("|") || "(?!)", "gm");
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  search(text: string, from: number): number {
    this.#any.lastIndex = from;
    return this.#any.exec(text)?.index ?? -1;
  }

  promptIn(line: string): boolean {
    return this.#rules.some(({ isPrompt, pattern }) => isPrompt && pattern.test(line));
  }

  /** Each phase that the line begins, in the order to be told. */
  judge(line: string, isPartial: boolean): { phase: BootPhase; evidence: string }[] {
    const byPhase = new Map<BootPhase, string>();
    for (const { phase, pattern, isPrompt } of this.#rules) {
      if (byPhase.has(phase) || (isPartial && !isPrompt)) continue;
      const match = pattern.exec(line);
      if (match) byPhase.set(phase, printable((isPrompt ? match[0] : line).trim()));
    }
    return [...byPhase].map(([phase, evidence]) => ({ phase, evidence }));
  }
}
