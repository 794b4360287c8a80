import type { MatcherState } from "vitest";
import type { AbsenceOptions, Console, LinesOptions, WaitOptions } from "../../console/console.ts";
import { printable } from "../../console/printable.ts";
import { UsageError } from "../../machine/errors.ts";
import type { Wait } from "../../power/wait.ts";
import { siteOf } from "../site.ts";
import { asConsole, lastLines, vmOf } from "./subjects.ts";
import { passed, type WaitingMatcher, waitingMatcher } from "./waiting-matcher.ts";

type State = Pick<MatcherState, "isNot">;

/** How `toPrintAny` looks; the test's own time is the timeout if none is given. */
export type ToPrintAnyOptions = Readonly<Pick<WaitOptions, "timeout" | "after" | "tolerateKernelMessages">>;

/** `during` and `until` are the spans of `.not`. */
export type ToPrintOptions = ToPrintAnyOptions & Readonly<Pick<AbsenceOptions, "during" | "until">>;

export type ToPrintLinesOptions = ToPrintAnyOptions & Readonly<Pick<LinesOptions, "ordered" | "consecutive">>;

export function toPrint(
  this: State,
  received: unknown,
  pattern: string | RegExp,
  options: ToPrintOptions = {},
): WaitingMatcher {
  const { during, until } = options;
  const hasSpan = during !== undefined || until !== undefined;
  if (this.isNot && !hasSpan) {
    throw new UsageError(
      'not.toPrint() needs a span, since nothing is never printed for ever\n  write: expect(…).not.toPrint(pattern, { during: "5s" }), or { until: "login:" }',
    );
  }
  if (!this.isNot && hasSpan) {
    throw new UsageError("during and until are for not.toPrint(); how long to wait for a text is its timeout");
  }
  const title = `${this.isNot ? "not." : ""}toPrint(${shown(pattern)})`;
  const subject = { console: asConsole(received, "toPrint"), title, site: siteOf(toPrint) };
  if (!this.isNot) return printing(subject, (console) => console.expect(pattern, options));
  return printing(subject, (console) => console.expectNot(pattern, options), absent);
}

export function toPrintAny(
  this: State,
  received: unknown,
  patterns: readonly (string | RegExp)[],
  options: ToPrintAnyOptions = {},
): WaitingMatcher {
  refuseNot(this, "toPrintAny");
  const title = `toPrintAny(${shownList(patterns)})`;
  const subject = { console: asConsole(received, "toPrintAny"), title, site: siteOf(toPrintAny) };
  return printing(subject, (console) => console.expectAny(patterns, options));
}

export function toPrintLines(
  this: State,
  received: unknown,
  patterns: readonly (string | RegExp)[],
  options: ToPrintLinesOptions = {},
): WaitingMatcher {
  refuseNot(this, "toPrintLines");
  const title = `toPrintLines(${shownList(patterns)})`;
  const subject = { console: asConsole(received, "toPrintLines"), title, site: siteOf(toPrintLines) };
  return printing(subject, (console) => console.expectLines(patterns, options));
}

const absent = { pass: false, message: () => "" };

/** A wait of the console as a matcher: what rejects it fails the test. */
function printing(
  { console, title, site }: { readonly console: Console; readonly title: string; readonly site: Error },
  start: (console: Console) => Wait<unknown>,
  verdict = passed,
): WaitingMatcher {
  const tail = () => lastLines(console);
  return waitingMatcher({ vm: vmOf(console), title: `${title} on ${console.name}`, site, tail }, async () => {
    await start(console);
    return verdict;
  });
}

function shown(pattern: string | RegExp): string {
  return printable(typeof pattern === "string" ? JSON.stringify(pattern) : String(pattern));
}

/** A list that is none is refused by the console, which says what it needs. */
function shownList(patterns: readonly (string | RegExp)[]): string {
  return Array.isArray(patterns) ? `[${patterns.map(shown).join(", ")}]` : printable(String(patterns));
}

function refuseNot({ isNot }: State, matcher: string): void {
  if (isNot) throw new UsageError(`not.${matcher}() says too little; write not.toPrint() for each text, with a span`);
}
