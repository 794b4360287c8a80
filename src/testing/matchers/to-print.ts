import type { MatcherState } from "vitest";
import { TimeoutError, UsageError } from "../../machine/errors.ts";
import type { PowerEvent } from "../../power/event.ts";
import { VmOver } from "../../vm/virtual-machine.ts";
import { siteOf } from "../site.ts";
import { asConsole, endedTest, vmOf } from "./subjects.ts";
import { passed, type WaitingMatcher, waitingMatcher } from "./waiting-matcher.ts";

export interface ToPrintOptions {
  /** Milliseconds, or `"5s"`; the test's own time if absent. */
  readonly timeout?: number | string;
  /** Looks from where the console stood when this event happened. */
  readonly after?: PowerEvent;
  /** With `.not`: how long the console must stay without it. Milliseconds, or `"5s"`. */
  readonly during?: number | string;
}

export function toPrint(
  this: Pick<MatcherState, "isNot">,
  received: unknown,
  pattern: string | RegExp,
  options: ToPrintOptions = {},
): WaitingMatcher {
  const console = asConsole(received, "toPrint");
  const { isNot } = this;
  const { timeout, after, during } = options;
  if (isNot && during === undefined) {
    throw new UsageError(
      'not.toPrint() needs a span, since nothing is never printed for ever\n  write: expect(…).not.toPrint(pattern, { during: "5s" })',
    );
  }
  if (!isNot && during !== undefined) {
    throw new UsageError("during is for not.toPrint(); how long to wait for a text is its timeout");
  }
  const limit = during ?? timeout;
  const wait = () =>
    console.expect(pattern, { ...(limit !== undefined && { timeout: limit }), ...(after && { after }) });
  const tail = () => [`last lines of ${console.name}:`, ...console.lastLines().map((line) => `  | ${line}`)];
  const title = `${isNot ? "not." : ""}toPrint(${typeof pattern === "string" ? JSON.stringify(pattern) : pattern})`;
  const subject = { vm: vmOf(console), title: `${title} on ${console.name}`, site: siteOf(toPrint), tail };
  return waitingMatcher(subject, async () => {
    if (!isNot) {
      await wait();
      return passed;
    }
    try {
      const { text } = await wait();
      const first = `expected ${console.name} not to print ${pattern} during ${during}, but it printed ${JSON.stringify(text)}`;
      return { pass: true, message: () => [first, ...tail()].join("\n") };
    } catch (error) {
      // Its time is over, or nothing more will come: absent either way. A console that cannot be read proves nothing.
      const isAbsent = error instanceof TimeoutError || error instanceof VmOver;
      if (!isAbsent || endedTest(error)) throw error;
      return { pass: false, message: () => "" };
    }
  });
}
