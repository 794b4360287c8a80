import type { DiskBus, DiskInput } from "../disk.ts";
import type { BootKind } from "../machine.ts";
import { type BootOverrides, type MachineOverrides, mergeMachine } from "../merge.ts";
import { listOf, nearest } from "../nearest.ts";
import type { AcceleratorName, VmmName } from "../placement.ts";

export const optionGroups = [
  "Boot",
  "Processors and memory",
  "Disks",
  "Network and devices",
  "Consoles and display",
  "Power",
  "Placement",
] as const;

/** One word of the command line: data for the parser, `--help` and the docs alike. */
export interface MachineOption {
  readonly name: string;
  /** A single letter, as in `-m`. */
  readonly short?: string;
  /** Placeholder of the value; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  readonly group: (typeof optionGroups)[number];
  /** `petri` marks our own few words; all others are OpenVMM's. */
  readonly origin: "openvmm" | "petri";
  readonly repeats?: boolean;
  /** A command line in which the option stands, valid as it is. */
  readonly example: string;
  /** The part of the machine it writes, so that a problem found there can name the option. */
  readonly sets?: string | readonly string[];
  /** Options of which one must be there too. */
  readonly needs?: readonly string[];
  /** Adds what the text says to the draft, or reports why it cannot. Pure. */
  readonly apply: (draft: Draft, text: string, report: Report) => Draft;
}

/** What options have said so far; settle.ts makes a machine of it. */
export interface Draft {
  readonly machine: MachineOverrides;
  readonly boots: readonly { readonly kind: BootKind; readonly said: string }[];
  readonly disks: readonly DraftDisk[];
  readonly controllers: readonly Controller[];
  readonly run: RunOptions;
}

export interface DraftDisk {
  readonly disk: DiskInput;
  /** The controller's name, which may be declared later on the line. */
  readonly on?: string;
  readonly ideChannel?: number;
  readonly report: Report;
}

interface Controller {
  readonly id: string;
  readonly bus: DiskBus;
  readonly report: Report;
}

/** Words that are no part of what the machine is: where and how it is run. */
export interface RunOptions {
  readonly vmm?: VmmName;
  readonly accelerator?: AcceleratorName;
  readonly host?: string;
  readonly image?: string;
  /** The machine's `boot.kind`; with an image it chooses how the image boots. */
  readonly boot?: BootKind;
  /** The bus for disks that name none, the image's own included. */
  readonly bus?: DiskBus;
  readonly pidfile?: string;
  readonly paused?: boolean;
}

/** Collects what is wrong with one option. */
export interface Report {
  /** The option as it was written: `--memory 4Q`. */
  readonly said: string;
  /** `--memory 4Q: WHAT` */
  wrong(what: string): void;
  /** `--memory 4Q is not accepted: FORM` */
  refuse(form: string): void;
  /** Known to OpenVMM, valid there, and not yet to Petri. */
  notCarried(what: string): void;
}

export const emptyDraft: Draft = { machine: {}, boots: [], disks: [], controllers: [], run: {} };

export function withMachine(draft: Draft, part: MachineOverrides): Draft {
  return { ...draft, machine: mergeMachine(draft.machine, part) };
}

export function withBoot(draft: Draft, boot: BootOverrides): Draft {
  return withMachine(draft, { boot });
}

export function withRun(draft: Draft, run: RunOptions): Draft {
  return { ...draft, run: { ...draft.run, ...run } };
}

/** The text as one of the words, or undefined after a report that lists them. */
export function choice<T extends string>(words: readonly T[], text: string, report: Report): T | undefined {
  const word = words.find((candidate) => candidate === text);
  if (word === undefined) {
    const close = nearest(text, words);
    report.refuse(`write ${listOf(words)}${close === undefined ? "" : ` (did you mean "${close}"?)`}`);
  }
  return word;
}
