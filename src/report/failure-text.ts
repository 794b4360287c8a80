import { printable } from "./escape.ts";
import type { Failure, RunResult } from "./model.ts";

/** The first line of a failure's message: what was expected and what came. */
export function headline(failure: Failure): string {
  return shown(failure).split("\n", 1)[0] || "failed without a message";
}

/** What follows the first line: the evidence. */
export function evidence(failure: Failure): string {
  const text = shown(failure);
  const end = text.indexOf("\n");
  return end === -1 ? "" : text.slice(end + 1);
}

/** Printable first: of a message that is nothing but escape sequences, nothing is left. */
const shown = ({ message }: Failure) => printable(message).trim();

/** `file:line:column`, as far as known; empty when nothing is. */
export function place(failure: Failure, testFile?: string): string {
  const file = failure.file ?? testFile;
  if (file === undefined) return "";
  return [file, failure.line, failure.column].filter((part) => part !== undefined).join(":");
}

/** The whole message and where it arose. */
export function details(failure: Failure): string {
  const at = place(failure);
  const text = shown(failure) || headline(failure);
  return at ? `${text}\nat ${at}` : text;
}

/** Failures of the run itself, for formats that know only tests: no reader may take such a run for a good one. */
export function outsideTests(run: RunResult): Failure[] {
  return [...run.errors, ...(run.interrupted ? [{ message: "interrupted: not every test has run" }] : [])];
}
