import { isTraceLine } from "./frames.ts";
import type { ConsoleLine } from "./lines.ts";
import { readKernelLine } from "./printk.ts";
import type { Rule } from "./rule.ts";
import { type Severity, severityOf } from "./severity.ts";

const mostLines = 500;
const mostCharacters = 64 * 1024;
/** The kernel's last words about a problem (kernel/panic.c, mm/kasan/report.c). */
const lastLine = /^---\[ end (?:trace|Kernel panic)|Rebooting in \d+ seconds|^Kernel Offset:|^={50,}$/;

/** The lines of one problem, collected from those of one task or CPU until its last one, or until it is long enough. */
export class OpenReport {
  readonly rule: Rule;
  readonly start: RegExpExecArray;
  readonly offset: number;
  /** Behind the last byte of its last line. */
  end: number;
  readonly caller: string | undefined;
  /** Without printk prefixes. */
  readonly lines: string[] = [];
  readonly raw: string[] = [];
  /** Of the worst that was said in it: a warning that ends in a panic is a crash. */
  severity: Severity;
  isFinal: boolean;
  #characters = 0;
  #isComplete = false;
  #hasTrace = false;
  #isStamped = false;

  constructor(rule: Rule, start: RegExpExecArray, offset: number, caller: string | undefined) {
    this.rule = rule;
    this.start = start;
    this.offset = offset;
    this.end = offset;
    this.caller = caller;
    this.severity = severityOf(rule);
    this.isFinal = rule.isFinal === true;
  }

  get hasTrace(): boolean {
    return this.#hasTrace;
  }

  /** False for a line that only looks like the start of a report. */
  get isBorneOut(): boolean {
    const { needsStack } = this.rule;
    return needsStack === undefined || this.#hasTrace || (needsStack === "unless-stamped" && this.#isStamped);
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Whether a line is this report's: where the kernel names its callers, only those of the one that reports. */
  accepts(caller: string | undefined): boolean {
    return this.caller === caller;
  }

  /** Whether a line that would start a report belongs to this one. */
  absorbs({ follows }: Rule): boolean {
    return follows === "always" || (follows === "before-trace" && !this.#hasTrace);
  }

  /** A line that would start a report of this rule belongs to this one. */
  absorb(rule: Rule): void {
    if (severityOf(rule) === "crash") this.severity = "crash";
    this.isFinal ||= rule.isFinal === true;
  }

  add({ text: raw, end }: ConsoleLine): void {
    const { text, stamp } = readKernelLine(raw);
    if (this.lines.length === 0) this.#isStamped = stamp !== undefined;
    this.end = end;
    this.lines.push(text);
    this.raw.push(raw);
    this.#hasTrace ||= isTraceLine(text);
    this.#characters += raw.length;
    this.#isComplete =
      this.rule.oneLine === true ||
      this.lines.length >= mostLines ||
      this.#characters >= mostCharacters ||
      (this.lines.length > 2 && lastLine.test(text));
  }
}
