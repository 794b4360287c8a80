import { PetriError } from "../machine/errors.ts";
import { toPlainText } from "./plain-text.ts";
import { bold } from "./style.ts";

/** Writes the error for a person to stderr and returns the exit code of its class (design: "Errors and exit codes"). */
export function printError(error: unknown, stream: NodeJS.WriteStream = process.stderr): number {
  stream.write(describeError(error, { isColoured: bold.isOn(stream), debug: Boolean(process.env.PETRI_DEBUG) }));
  return exitCodeOf(error);
}

/** EX_SOFTWARE of sysexits.h for what is our own fault. */
export function exitCodeOf(error: unknown): number {
  return error instanceof PetriError ? error.exitCode : 70;
}

export function describeError(error: unknown, options: { isColoured: boolean; debug: boolean }): string {
  if (!(error instanceof PetriError)) return describeBug(error);
  const [first = "", ...rest] = toPlainText(error.message).split("\n");
  const title = `petri: ${first}`;
  const lines = [options.isColoured ? bold(title) : title, ...rest];
  if (options.debug) lines.push(toPlainText(stackOf(error)));
  return `${lines.join("\n")}\n`;
}

function describeBug(error: unknown): string {
  return `petri: this is a bug in petri; please report it with what follows\n${toPlainText(stackOf(error))}\n`;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by: ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
