import { printable } from "../../console/printable.ts";
import { UsageError } from "../../machine/errors.ts";
import { type ConsoleName, consoleNames, type Machine } from "../../machine/machine.ts";
import { listOf } from "../../machine/nearest.ts";
import { unescapeBytes } from "./escapes.ts";

/** One `--expect` or `--send`: they run in the order given. */
export type Step =
  | { readonly kind: "expect"; readonly console: ConsoleName; readonly pattern: string | RegExp; readonly text: string }
  | { readonly kind: "send"; readonly console: ConsoleName; readonly bytes: Buffer; readonly text: string };

/** A `--fail-on`: watched for from the first byte to the end. */
export interface Watch {
  readonly console: ConsoleName;
  readonly pattern: string | RegExp;
  readonly text: string;
}

export function parseExpect(text: string): Extract<Step, { kind: "expect" }> {
  return { kind: "expect", ...parseWatch("--expect", text) };
}

export function parseFailOn(text: string): Watch {
  return parseWatch("--fail-on", text);
}

export function parseSend(text: string): Step {
  const { console, rest } = splitConsole("--send", text);
  return { kind: "send", console, bytes: unescapeBytes(rest), text: rest };
}

/** Throws UsageError that names every step whose console the machine does not have. */
export function checkConsoles(
  { steps, failOn }: { readonly steps: readonly Step[]; readonly failOn: readonly Watch[] },
  consoles: Machine["consoles"],
): void {
  const said = [
    ...steps.map(({ kind, console, text }) => ({ option: kind, console, text })),
    ...failOn.map(({ console, text }) => ({ option: "fail-on", console, text })),
  ];
  const problems = said
    .filter(({ console }) => (consoles[console] ?? "none") === "none")
    .map(
      ({ option, console, text }) =>
        `--${option} ${printable(text)}: the machine has no ${console}; add --${optionOf(console)} capture`,
    );
  if (problems.length > 0) throw UsageError.of(problems);
}

/** The machine's option for a console. */
export function optionOf(console: ConsoleName): string {
  return console === "hvc0" ? "virtio-console" : console;
}

function parseWatch(option: string, text: string): Watch {
  const { console, rest } = splitConsole(option, text);
  if (rest === "") throw new UsageError(`${option} needs a text or a /regular expression/ to look for`);
  return { console, pattern: parsePattern(option, rest), text: rest };
}

/**
 * `com2:text` is for COM2, anything else for COM1; `com1:com2:text` looks for `com2:text` on COM1. A name that is like
 * a console's was meant to be one: throws UsageError.
 */
function splitConsole(option: string, text: string): { console: ConsoleName; rest: string } {
  const [, name, rest] = /^((?:com|hvc)\d+):(.*)$/s.exec(text) ?? [];
  if (name === undefined || rest === undefined) return { console: "com1", rest: text };
  const console = consoleNames.find((known) => known === name);
  if (console !== undefined) return { console, rest };
  throw new UsageError(
    `${option} ${printable(text)}: there is no console ${name}: write ${listOf(consoleNames)}, or com1:${printable(text)} for that text on com1`,
  );
}

/** `/…/` with flags of `imsu` is a regular expression; a path such as `/etc/passwd` is not one. */
function parsePattern(option: string, text: string): string | RegExp {
  const [, source, flags] = /^\/(.+)\/([imsu]*)$/s.exec(text) ?? [];
  if (source === undefined) return text;
  try {
    return new RegExp(source, flags);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${option} ${text} is not a regular expression: ${reason}`, { cause: error });
  }
}
