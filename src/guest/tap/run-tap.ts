import { UsageError } from "../../machine/errors.ts";
import { printable } from "../../power/printable.ts";
import { titleOf } from "../command.ts";
import { describeEnd, type ExecOptions } from "../exec.ts";
import type { OpenTapStream } from "./journal.ts";
import type { TapResult } from "./result.ts";
import type { StreamedEnd } from "./run-streamed.ts";
import type { TapPoint } from "./tree.ts";

/** KSFT_SKIP of tools/testing/selftests/kselftest.h. */
const kselftestSkip = 4;
const longestTitle = 80;

export interface RunTapOptions extends ExecOptions {
  /** How many results there are, for a program that prints no plan. */
  readonly plan?: number;
}

/** Runs a program, and hands over its stdout as it comes. */
export type RunStreamed = (
  command: string | readonly string[],
  options: ExecOptions,
  take: (text: string) => boolean,
) => Promise<StreamedEnd>;

/**
 * Runs a program whose stdout is TAP. Its exit code counts, too: one that says that all went well and exits with
 * another code than 0 has not told all. One whose results cannot be read any more is ended.
 */
export async function runTap(
  run: RunStreamed,
  openTap: OpenTapStream,
  command: string | readonly string[],
  { plan, ...options }: RunTapOptions = {},
): Promise<TapResult> {
  checkPlan(plan);
  const tap = openTap(shortTitle(titleOf(command)), { plan });
  let end: StreamedEnd;
  let isCut = false;
  try {
    end = await run(command, options, (text) => {
      tap.push(text);
      isCut ||= tap.isLost;
      return !tap.isLost;
    });
  } catch (error) {
    tap.abandon(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    throw error;
  }
  return tap.end((points, isWhole) => (isCut ? [] : problemsOf(end, points, isWhole)));
}

/** A script by its first line: reports call its results by it. */
function shortTitle(title: string): string {
  const text = title.trim();
  const line = text.split("\n", 1)[0] ?? "";
  return line.length > longestTitle ? `${line.slice(0, longestTitle)}…` : line === text ? line : `${line} …`;
}

function problemsOf(
  { exitCode, signal, stderr }: StreamedEnd,
  points: readonly TapPoint[],
  isWhole: boolean,
): string[] {
  const isSkipped = exitCode === kselftestSkip && points.every(({ outcome }) => outcome === "skipped");
  const isKilled = signal !== null && signal !== "unknown";
  const isTold = isWhole && (isSkipped || points.some(({ outcome }) => outcome === "failed"));
  if (!isKilled && (exitCode === 0 || isTold)) return [];
  const said = stderr.trim().split("\n").at(-1);
  return [`it ${describeEnd({ exitCode, signal })}${said ? `, and said last: ${printable(said)}` : ""}`];
}

/** Throws UsageError for what is no number of results. */
export function checkPlan(plan: number | undefined): void {
  if (plan === undefined || (Number.isInteger(plan) && plan >= 0)) return;
  throw new UsageError(`plan: ${plan} is no number of results: give a whole number from 0 on, or leave it out`);
}
