import type { MachineOverrides } from "../../machine/merge.ts";

/** Something of a native command line that the machine does not say. */
export interface NotCarried {
  /** As it was written: `-device usb-tablet`. */
  readonly option: string;
  readonly reason: string;
}

/** The command lines that can be read; `libvirt` is domain XML. */
export const importSources = ["qemu", "openvmm", "bhyve", "vmctl", "libvirt"] as const;
export type ImportSource = (typeof importSources)[number];

/** A program and its arguments, free of the shell and of what else stood before it. */
export interface GivenCommand {
  /** The name without its folder. */
  readonly program: string;
  readonly args: readonly string[];
  /** The text of a file that the command names, or undefined if it cannot be read. */
  readonly readText: (path: string) => string | undefined;
  /** It was shortened by its author (`...`): what is missing is no mistake of the command's. */
  readonly isElided: boolean;
}

/** Takes down what one importer finds: reasons to refuse the command, and what it leaves out. */
export class ImportSheet {
  readonly problems: string[] = [];
  readonly notCarried: NotCarried[] = [];

  /** The VMM itself would not start: the reason in its own words where it has some. */
  refuse(problem: string): void {
    if (!this.problems.includes(problem)) this.problems.push(problem);
  }

  drop(option: string, reason: string): void {
    if (!this.notCarried.some((each) => each.option === option && each.reason === reason)) {
      this.notCarried.push({ option, reason });
    }
  }
}

/** Reads one command; what it cannot say goes onto the sheet. Pure but for `readText`. */
export type Importer = (command: GivenCommand, sheet: ImportSheet) => MachineOverrides;

/** A word that runs a machine is no part of the machine. */
export const placement = "says where the machine runs, not what it is";
export const control = "says how the VMM is watched and driven, which Petri does itself";
export const noAxis = "a machine of Petri's has no such field";
