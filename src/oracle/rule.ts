import type { Severity } from "./severity.ts";

/** What printed the message: a kernel, a firmware, a boot loader, or the programs that bring a system up. */
export type OracleOs = "linux" | "freebsd" | "openbsd" | "netbsd" | "uefi" | "seabios" | "grub" | "loader" | "init";

/**
 * Where a title's function comes from; tried in order.
 *
 * - `line`: the group `frame` of the line that starts the report
 * - `pc`: the function the program counter was in (x86 RIP, ARM pc, POWER NIP, RISC-V epc, BSD "Stopped at")
 * - `stack`: the innermost frame of the report's first stack trace that is not infrastructure
 * - `lock`: where lockdep saw the lock that was being taken, or else the locks and stacks it names after it
 * - `irq-safe`: where lockdep saw that an interrupt takes the lock
 * - `trap`: like `stack`, where nothing but the code that enters the kernel is left of it
 * - `entry`: the outermost function that still belongs to one operation (a system call's, a timer's, a work item's)
 */
export type FrameSource = "line" | "pc" | "stack" | "trap" | "lock" | "irq-safe" | "entry";

export interface Rule {
  readonly id: string;
  readonly os: OracleOs;
  readonly type: string;
  /** Types for titles that say more; the first that matches wins over `type`. */
  readonly types?: readonly (readonly [title: RegExp, type: string])[];
  /** Matched against one line, without its printk prefix. */
  readonly start: RegExp;
  /** `{frame}`, `{name}` of a group of `start` or of a field. */
  readonly title: string;
  readonly frames?: readonly FrameSource[];
  /** The title's fields that stand on a later line: the first group of the first line that matches. */
  readonly fields?: Readonly<Record<string, RegExp>>;
  /** The title of a report that was cut off before it named its function, or one of its fields. */
  readonly cutOffTitle?: string;
  /** A title that a later line asks for, with that line's groups as fields of it too; the first pair that matches. */
  readonly retitle?: readonly (readonly [line: RegExp, title: string])[];
  /**
   * The function named on the first line counts only where a stack of the report's own bears it out: without one the
   * report was cut off, or another's was printed in its place.
   */
  readonly frameNeedsStack?: boolean;
  /** Functions that are infrastructure in this kind of report only. */
  readonly skip?: RegExp;
  /**
   * What the kernel says about a problem it has already named: part of the report that is open, not a new one; always,
   * or only until that has shown its stack.
   */
  readonly follows?: "always" | "before-trace";
  /** Found only after the kernel's clock has shown that it was running, and not after an orderly reboot. */
  readonly midRun?: boolean;
  /** The report is this one line. */
  readonly oneLine?: boolean;
  /** Found only where a stack trace or register dump follows, because harmless lines look the same; `unless-stamped`: or in the kernel's log. */
  readonly needsStack?: boolean | "unless-stamped";
  /** By `type` if absent (severity.ts). */
  readonly severity?: Severity;
  /** After it the guest goes no further by itself: whatever it still prints or does belongs to the same crash. */
  readonly isFinal?: boolean;
  /** A prompt, shown again after every command: told once, until the machine is reset. */
  readonly isPrompt?: boolean;
  /** One line (or a few) that the system really prints. */
  readonly example: string;
}

export interface Finding {
  /** Stable between runs: no address, number or process name in it. Safe to print. */
  readonly title: string;
  readonly type: string;
  readonly os: OracleOs;
  /** Of the first byte of the line that starts the report, from the stream's start. */
  readonly offset: number;
  /** The lines that belong to the report, without those of other CPUs and tasks. Guest text: escape before showing. */
  readonly report: string;
  /** Cut off or interleaved, so that the title cannot be trusted. */
  readonly corrupted: boolean;
  /** `warning`: the system noticed something and went on. */
  readonly severity: Severity;
  /** Bytes of the stream from the report's first line to its last, those of other CPUs and tasks included. */
  readonly length: number;
  /** The guest goes no further by itself. */
  readonly isFinal: boolean;
}
