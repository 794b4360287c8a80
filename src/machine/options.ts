import { UnsupportedError, UsageError } from "./errors.ts";
import type { Machine } from "./machine.ts";
import { type MachineOverrides, mergeMachine } from "./merge.ts";
import { nearest } from "./nearest.ts";
import { type GivenOption, splitArgv } from "./options/argv.ts";
import { notCarriedOptions } from "./options/not-carried.ts";
import { type Draft, emptyDraft, type MachineOption, type Report, type RunOptions } from "./options/option.ts";
import { type Origin, saidBy } from "./options/origin.ts";
import { imageProblems, settle } from "./options/settle.ts";
import { machineOptions } from "./options/table.ts";
import { type Problem, showWord } from "./problem.ts";
import { checkMachine, checkPartial } from "./validate.ts";

export type { GivenOption } from "./options/argv.ts";
export { splitArgv } from "./options/argv.ts";
export type { RunOptions } from "./options/option.ts";
export { optionGroups } from "./options/option.ts";
export { machineOptions, optionFlags } from "./options/table.ts";

export interface OptionsContext {
  /** What holds where the options say nothing: the configuration's machine. */
  readonly defaults?: MachineOverrides;
  /** Names of the caller's own options, for suggestions. */
  readonly alsoKnown?: readonly string[];
  /** What the caller found wrong with its own options: told together with the rest. */
  readonly alsoWrong?: readonly string[];
}

export interface MachineFromOptions {
  /** Absent when an image is named: it brings the rest, and `overrides` is laid over it. */
  readonly machine?: Machine;
  /** Only what the options and the defaults say. */
  readonly overrides: MachineOverrides;
  readonly run: RunOptions;
  /** A problem of that machine in the words of the command line: `--disk file:d.raw (file): …`. */
  readonly say: (problem: Problem) => string;
}

/**
 * The machine that options describe, in the order they were given. Throws one UsageError with every problem, or
 * an UnsupportedError when the options are right but some are not carried yet. Looks at no file.
 *
 * @example readMachineOptions([["uefi"], ["disk", "file:debian.raw"], ["memory", "2G"]]).machine
 */
export function readMachineOptions(given: readonly GivenOption[], context: OptionsContext = {}): MachineFromOptions {
  const { problems, notCarried, ...result } = checkMachineOptions(given, context);
  const { alsoWrong = [] } = context;
  if (problems.length + alsoWrong.length > 0) throw UsageError.of([...problems, ...notCarried, ...alsoWrong]);
  if (notCarried.length > 0) throw UnsupportedError.of(notCarried, "the command line has options not carried yet");
  return result;
}

/** readMachineOptions for a whole command line: `["--uefi", "-m", "2G"]`. */
export function parseMachineOptions(argv: readonly string[], context: OptionsContext = {}): MachineFromOptions {
  return readMachineOptions(splitArgv(argv), context);
}

/** readMachineOptions for those who present the problems themselves. */
export function checkMachineOptions(
  given: readonly GivenOption[],
  { defaults = {}, alsoKnown = [] }: OptionsContext = {},
): MachineFromOptions & { problems: string[]; notCarried: string[] } {
  const problems: string[] = [];
  const notCarried: string[] = [];
  const origins: Origin[] = [];
  const say = (problem: Problem) => saidBy(problem, origins);
  let draft = emptyDraft;
  const names = new Set([...given.map(([name]) => name), ...given.flatMap(bootWord), ...saidByDefaults(defaults)]);
  const seen = new Set<string>();
  for (const [name, value] of given) {
    const report = reporter(name, value, problems, notCarried);
    const option = machineOptions.find((candidate) => candidate.name === name);
    if (option === undefined) {
      refuseUnknown(name, report, alsoKnown);
      continue;
    }
    if (seen.has(name) && !option.repeats) {
      report.wrong("is given twice: keep one");
      continue;
    }
    seen.add(name);
    if (!hasItsValue(option, value, report)) continue;
    const after = option.apply(draft, value ?? "", report);
    if (!hasCompany(option, names, report)) continue;
    origins.push(...originsOf(option, draft, after, report.said));
    draft = after;
  }
  const overrides = mergeMachine(
    defaults,
    settle(draft, (message) => problems.push(message)),
  );
  const kind = overrides.boot?.kind;
  const run = kind === undefined ? draft.run : { ...draft.run, boot: kind };
  if (run.image !== undefined) {
    problems.push(...imageProblems(draft), ...checkPartial(overrides).map(say));
    return { overrides, run, say, problems, notCarried };
  }
  if (kind === undefined) {
    // An option that is misspelt, not carried or ill-formed may have been meant to say it.
    if (given.every(([name]) => !saysBoot.has(name) && machineOptions.some((option) => option.name === name))) {
      problems.push("how to boot is not said: add --uefi, --pcat, --kernel FILE or --image NAME");
    }
    problems.push(...checkPartial(overrides).map(say));
    return { overrides, run, say, problems, notCarried };
  }
  const { machine, problems: found } = checkMachine(overrides);
  problems.push(...found.map(say));
  return { ...(machine === undefined ? {} : { machine }), overrides, run, say, problems, notCarried };
}

/** What an option says without those it needs is not looked at further: one mistake, one problem. */
function hasCompany({ needs }: MachineOption, names: ReadonlySet<string>, report: Report): boolean {
  if (needs === undefined || needs.some((name) => names.has(name))) return true;
  report.wrong(`needs ${needs.map((name) => `--${name}`).join(" or ")}`);
  return false;
}

function hasItsValue(option: MachineOption, value: string | undefined, report: Report): boolean {
  if (option.value === undefined && value !== undefined) {
    report.wrong("takes no value: leave it out");
    return false;
  }
  if (option.value !== undefined && value === undefined) {
    report.wrong(`the value is missing: write --${option.name} ${option.value}, as in ${option.example}`);
    return false;
  }
  if (value?.includes("\0")) {
    report.wrong("the value holds a NUL byte, which no program can be given");
    return false;
  }
  return true;
}

const saysBoot: ReadonlySet<string> = new Set(["boot", "uefi", "pcat", "kernel"]);

/** `--boot uefi` counts as `--uefi` for what needs it. */
function bootWord([name, value]: GivenOption): string[] {
  return name === "boot" && value !== undefined ? [value] : [];
}

/** The options that a configuration's machine amounts to, for what needs them. */
function saidByDefaults({ boot, watchdog, display }: MachineOverrides): string[] {
  return [
    ...(boot?.kind === undefined ? [] : [boot.kind]),
    ...(boot?.kernel === undefined ? [] : ["kernel"]),
    ...(watchdog === undefined ? [] : ["guest-watchdog"]),
    ...(typeof display === "object" ? ["gfx"] : []),
  ];
}

function refuseUnknown(name: string, report: Report, alsoKnown: readonly string[]): void {
  if (name === "") {
    report.wrong("a word that is no option: those begin with --, as in --disk file:disk.img");
    return;
  }
  const refused = Object.hasOwn(notCarriedOptions, name) ? notCarriedOptions[name] : undefined;
  if (refused !== undefined) {
    const next = refused.instead === undefined ? "leave it out" : `write ${refused.instead}`;
    report.notCarried(`${refused.what} (an option of OpenVMM) is not carried yet: ${next}`);
    return;
  }
  const known = [...machineOptions.map((option) => option.name), ...alsoKnown, ...Object.keys(notCarriedOptions)];
  const close = nearest(name.replace(/^-+/, ""), known);
  report.wrong(`unknown option: ${close === undefined ? "see --help" : `did you mean --${close}?`}`);
}

function originsOf(option: MachineOption, before: Draft, after: Draft, said: string): Origin[] {
  if (option.sets === "disks")
    return after.disks.length > before.disks.length ? [{ path: ["disks", before.disks.length], said }] : [];
  if (option.sets === "nics") {
    const count = before.machine.nics?.length ?? 0;
    return (after.machine.nics?.length ?? 0) > count ? [{ path: ["nics", count], said }] : [];
  }
  return [option.sets ?? []].flat().map((path) => ({ path: path.split("."), said }));
}

function reporter(name: string, value: string | undefined, problems: string[], notCarried: string[]): Report {
  const option = /^[A-Za-z]/.test(name) ? `--${showWord(name)}` : name === "" ? "" : showWord(name);
  const said = [option, ...(value === undefined ? [] : [showWord(value)])].join(" ").trim();
  return {
    said,
    wrong: (what) => problems.push(`${said}: ${what}`),
    refuse: (form) => problems.push(`${said} is not accepted: ${form}`),
    notCarried: (what) => notCarried.push(`${said}: ${what}`),
  };
}
