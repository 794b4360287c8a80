import type { KernelLine } from "./printk.ts";
import type { Rule } from "./rule.ts";

const mostRecords = 512;
/** Commands that print a kernel's log, or its banner, once more. */
const replay = /\b(?:dmesg|journalctl|syslog|kern\.log|messages|\/proc\/version|kmsg)\b/;

/** What a boot has told already: a prompt is shown many times, and a log can be printed again. */
export class Told {
  /** The line before, of whatever kind. */
  previous = "";
  readonly #records = new Set<string>();
  readonly #prompts = new Set<string>();

  tell({ id, isPrompt }: Rule, { text, stamp }: KernelLine): void {
    if (isPrompt === true) this.#prompts.add(id);
    if (stamp === undefined) return;
    const [oldest] = this.#records;
    if (this.#records.size >= mostRecords && oldest !== undefined) this.#records.delete(oldest);
    this.#records.add(recordOf(stamp, text));
  }

  /** True for a line that says nothing new: the same record to the microsecond, or the same prompt. */
  repeats({ id, isPrompt, midRun }: Rule, { text, stamp }: KernelLine): boolean {
    if (isPrompt === true && this.#prompts.has(id)) return true;
    // A kernel that is running has a clock, and prints it.
    if (midRun === true) return replay.test(this.previous) || (stamp === undefined && !text.startsWith("Booting"));
    return stamp !== undefined && this.#records.has(recordOf(stamp, text));
  }

  clear(): void {
    this.previous = "";
    this.#records.clear();
    this.#prompts.clear();
  }
}

const recordOf = (stamp: string, text: string): string => `${stamp}${text.slice(0, 200)}`;
