import { realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseBackend } from "../machine/console-backend.ts";
import { UsageError } from "../machine/errors.ts";
import { consoleNames, type Machine } from "../machine/machine.ts";
import { formatPath, formatProblem, type Problem, problem, showWord } from "../machine/problem.ts";

/** A file that is about to be emptied and written anew, and who asked for it. */
export interface Output {
  readonly at: Problem["path"];
  readonly file: string;
}

/**
 * What would be overwritten by mistake: a file of the machine itself, or one that two outputs share. Files are compared
 * as the host knows them, so another spelling, a symbolic or a hard link of the same one are found too.
 */
export function outputProblems(machine: Machine, more: readonly Output[] = []): Problem[] {
  const inputs = new Set(filesRead(machine).map(identity));
  const seen = new Map<string, Output>();
  return [...consoleOutputs(machine), ...more].flatMap((output) => {
    const id = identity(output.file);
    if (id === undefined) return [];
    if (inputs.has(id)) {
      return [problem(output.at, `${showWord(output.file)} is part of the machine and would be overwritten`)];
    }
    const first = seen.get(id);
    seen.set(id, first ?? output);
    if (first === undefined) return [];
    return [
      problem(output.at, `${showWord(output.file)} is already written by ${formatPath(first.at)}: choose another`),
    ];
  });
}

/** outputProblems thrown as one UsageError; to be called before the first of the files is opened. */
export function checkOutputs(machine: Machine, more: readonly Output[]): void {
  const problems = outputProblems(machine, more);
  if (problems.length > 0) throw UsageError.of(problems.map(formatProblem));
}

function filesRead({ boot, disks, memory }: Machine): string[] {
  const started = Object.entries(boot).flatMap(([key, value]) =>
    key !== "kind" && key !== "cmdline" && typeof value === "string" ? [value] : [],
  );
  return [...started, ...disks.map((disk) => disk.file), ...(memory.file === undefined ? [] : [memory.file])];
}

function consoleOutputs({ consoles }: Machine): Output[] {
  return consoleNames.flatMap((name) => {
    const backend = parseBackend(consoles[name] ?? "none");
    const isFile = backend?.kind === "file" || backend?.kind === "listen";
    return isFile ? [{ at: ["consoles", name], file: backend.path }] : [];
  });
}

/** Undefined for a device such as /dev/null, into which anybody may write. */
function identity(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (found?.isCharacterDevice()) return undefined;
  if (found) return `${found.dev}:${found.ino}`;
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    // Its folder is not there: opening it will say so.
    return resolve(path);
  }
}
