import { once } from "../console/once.ts";
import { type ConsoleLine, LineSplitter, type Skim } from "./lines.ts";
import { type KernelLine, readKernelLine } from "./printk.ts";
import { OpenReport } from "./report.ts";
import type { Finding, Rule } from "./rule.ts";
import { builtinRules } from "./rules/builtin.ts";
import { remembered, suspectsOf } from "./suspects.ts";
import { titleOf } from "./title.ts";
import { Told } from "./told.ts";
import { lifeSigns, nextSettled, Uptime } from "./uptime.ts";

const mostOpenReports = 8;

export interface OracleOptions {
  /** Rules of the user's own; they win over the built-in ones. */
  readonly extra?: readonly Rule[];
  /** Findings with such a title are none. */
  readonly ignore?: readonly RegExp[];
}

/**
 * Reads one console and finds what kernels, firmware and loaders print when they fail. Feed it bytes in any chunks; a
 * finding comes out when its report is complete, at the latest with `end()`.
 *
 * @example
 * const oracle = new Oracle();
 * const findings = [...oracle.push(bytes), ...oracle.end()];
 */
export class Oracle {
  readonly #splitter = new LineSplitter();
  readonly #rules: readonly Rule[];
  readonly #suspects: typeof builtinSuspects;
  readonly #ignore: readonly RegExp[];
  readonly #uptime = new Uptime();
  readonly #told = new Told();
  #open: OpenReport[] = [];

  constructor({ extra = [], ignore = [] }: OracleOptions = {}) {
    this.#rules = [...extra, ...builtinRules];
    this.#suspects = extra.length === 0 ? builtinSuspects : suspectsOfRules(this.#rules);
    this.#ignore = ignore;
  }

  /** True while a report has begun whose end is still to come: a wait should give it a moment. */
  get isReporting(): boolean {
    return this.#open.length > 0;
  }

  /** Works out now what to look for, and not when the first bytes come: it takes some 20 ms, once for all oracles. */
  prepare(): void {
    this.#suspects();
  }

  *push(chunk: Uint8Array): Generator<Finding> {
    for (const line of this.#splitter.push(chunk, (lines) => this.#skim(lines))) yield* this.#read(line);
  }

  /**
   * The guest has been silent in the middle of a line: if that is the start of a report, such as a debugger's prompt,
   * it is read as it stands.
   */
  *lineSoFar(): Generator<Finding> {
    const text = this.#splitter.unfinished();
    if (text === undefined || this.#ruleFor(readKernelLine(text)) === undefined) return;
    for (const line of this.#splitter.end()) yield* this.#read(line);
  }

  /** The reports that are open have had their time: they are told as they are. The stream goes on. */
  *settle(): Generator<Finding> {
    yield* this.#close(() => true);
  }

  /** The machine was reset: what it prints now is a new boot's, and meant. */
  *restarted(): Generator<Finding> {
    yield* this.end();
    this.#uptime.restarted();
    this.#told.clear();
  }

  /** The stream is over, or the caller has waited long enough: what is open is reported as it is. */
  *end(): Generator<Finding> {
    for (const line of this.#splitter.end()) yield* this.#read(line);
    yield* this.#close(() => true);
  }

  /** Of most lines nothing is asked: no report is open that they could belong to, and they start none. */
  #skim(lines: Buffer): Skim {
    const nextSuspect = this.#suspects()?.(lines);
    if (nextSuspect === undefined) return (from) => from;
    const nextTime = remembered(nextSettled(lines));
    return (from, end) => {
      if (this.isReporting) return from;
      const suspect = nextSuspect(from, end);
      return this.#uptime.isRunning ? suspect : Math.min(suspect, nextTime(from, end));
    };
  }

  *#read(line: ConsoleLine): Generator<Finding> {
    const { text: raw, offset, passedOver } = line;
    if (passedOver !== undefined) this.#told.previous = passedOver;
    const kernelLine = readKernelLine(raw);
    const { text, caller, seconds, before } = kernelLine;
    // A kernel prints its next message behind a prompt that nobody has answered.
    if (before !== undefined && this.#ruleFor({ text: before })?.isPrompt === true) {
      yield* this.#read({ text: before, offset, end: offset + Buffer.byteLength(before) });
    }
    const rule = this.#ruleFor(kernelLine);
    this.#uptime.read(text, seconds);
    const reports = this.#open.filter((report) => report.accepts(caller));
    if (rule !== undefined && !reports.some((report) => report.absorbs(rule))) {
      const start = rule.start.exec(text);
      if (start !== null) {
        yield* this.#close((report) => report.accepts(caller) || this.#open.length >= mostOpenReports);
        const report = new OpenReport(rule, start, offset, caller);
        report.add(line);
        this.#open.push(report);
      }
    } else {
      for (const report of reports) {
        report.add(line);
        if (rule !== undefined && report.absorbs(rule)) report.absorb(rule);
      }
    }
    if (rule !== undefined) this.#told.tell(rule, kernelLine);
    yield* this.#close((report) => report.isComplete);
    this.#told.previous = raw;
  }

  #ruleFor(line: KernelLine): Rule | undefined {
    const rule = this.#rules.find(
      ({ midRun, start }) => (midRun !== true || this.#uptime.isRunning) && start.test(line.text),
    );
    return rule === undefined || this.#told.repeats(rule, line) ? undefined : rule;
  }

  *#close(which: (report: OpenReport) => boolean): Generator<Finding> {
    const closing = this.#open.filter(which);
    if (closing.length === 0) return;
    this.#open = this.#open.filter((report) => !closing.includes(report));
    for (const report of closing) {
      if (!report.isBorneOut) continue;
      const finding = findingOf(report);
      if (!this.#ignore.some((pattern) => finding.title.search(pattern) >= 0)) yield finding;
    }
  }
}

/** Gives undefined if every line must be read. */
function suspectsOfRules(rules: readonly Rule[]) {
  return once(() => suspectsOf([...rules.map(({ start }) => start), ...lifeSigns]));
}

const builtinSuspects = suspectsOfRules(builtinRules);

function findingOf(report: OpenReport): Finding {
  const { rule, offset, end, raw, severity, isFinal } = report;
  const { title, corrupted } = titleOf(report);
  const type = rule.types?.find(([pattern]) => pattern.test(title))?.[1] ?? rule.type;
  return {
    ...{ title, type, os: rule.os, offset, report: raw.join("\n"), corrupted },
    ...{ severity, length: end - offset, isFinal },
  };
}
