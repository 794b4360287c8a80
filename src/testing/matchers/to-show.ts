import type { MatcherState } from "vitest";
import { printable } from "../../console/printable.ts";
import { framed } from "../../console/screen/frame.ts";
import { Screen } from "../../console/screen/screen.ts";
import { TimeoutError, UsageError } from "../../machine/errors.ts";
import { VmOver } from "../../vm/vm-over.ts";
import { siteOf } from "../site.ts";
import { endedTest, vmOf } from "./subjects.ts";
import { passed, type WaitingMatcher, waitingMatcher } from "./waiting-matcher.ts";

export interface ToShowOptions {
  /** Milliseconds, or `"5s"`; the test's own time if absent. */
  readonly timeout?: number | string;
  /** With `.not`: how long the screen must stay without it. Milliseconds, or `"5s"`. */
  readonly during?: number | string;
}

export function toShow(
  this: Pick<MatcherState, "isNot">,
  received: unknown,
  pattern: string | RegExp,
  options: ToShowOptions = {},
): WaitingMatcher {
  if (!(received instanceof Screen)) {
    throw new UsageError("toShow asserts on a screen; write expect(vm.console().screen()).toShow(…)");
  }
  const { isNot } = this;
  const { timeout, during } = options;
  if (isNot && during === undefined) {
    throw new UsageError(
      'not.toShow() needs a span, since what is not shown yet may come\n  write: expect(…).not.toShow(pattern, { during: "5s" })',
    );
  }
  if (!isNot && during !== undefined) {
    throw new UsageError("during is for not.toShow(); how long to wait for a text is its timeout");
  }
  const limit = during ?? timeout;
  const { console } = received;
  const shown = printable(typeof pattern === "string" ? JSON.stringify(pattern) : String(pattern));
  const title = `${isNot ? "not." : ""}toShow(${shown}) on the screen of ${console.name}`;
  const tail = () => {
    const seen = received.glance();
    return seen ? framed(seen) : [];
  };
  return waitingMatcher({ vm: vmOf(console), title, site: siteOf(toShow), tail }, async () => {
    const wait = received.toShow(pattern, limit === undefined ? {} : { timeout: limit });
    if (!isNot) {
      await wait;
      return passed;
    }
    try {
      const screen = await wait;
      const first = `expected the screen of ${console.name} not to show ${shown} during ${during}, but it did`;
      return { pass: true, message: () => [first, ...framed(screen)].join("\n") };
    } catch (error) {
      // Its time is over, or nothing more will come: absent either way. A console that cannot be read proves nothing.
      const isAbsent = error instanceof TimeoutError || (error instanceof VmOver && received.endedInOrder);
      if (!isAbsent || endedTest(error)) throw error;
      return { pass: false, message: () => "" };
    }
  });
}
