import { reasonWithContext } from "../../power/wait.ts";
import type { VirtualMachine } from "../../vm/virtual-machine.ts";
import { at } from "../site.ts";
import { endedTest, waitsOf } from "./subjects.ts";

export interface Verdict {
  readonly pass: boolean;
  readonly message: () => string;
}

/** What vitest's `expect.extend` asks of an asynchronous matcher: it calls `then` once, and hands on what that returns. */
export interface WaitingMatcher {
  then(judge: (verdict: Verdict) => void): Promise<void>;
}

export interface MatcherSubject {
  readonly vm: VirtualMachine | undefined;
  /** `toPrint(/login:/) on com1`. */
  readonly title: string;
  /** Where the test called the matcher. */
  readonly site: Error;
  /** Evidence for a wait that the test's end cut short. */
  readonly tail?: () => readonly string[];
}

/**
 * A matcher as a step of the test: recorded in the trace, failing at the test's own line, and telling at the end of
 * the test if nobody awaited it.
 */
export function waitingMatcher(subject: MatcherSubject, body: () => Promise<Verdict>): WaitingMatcher {
  const { vm, title, site, tail = () => [] } = subject;
  const verdict = vm ? vm.step(title, body) : body();
  // vitest may get to its `then` later than a rejection.
  verdict.catch(() => {});
  return {
    // biome-ignore lint/suspicious/noThenProperty: vitest takes whatever has a then for asynchronous
    then: (judge) =>
      waitsOf(vm).start<void>(`expect(…).${title}`, (resolve, reject) => {
        verdict.then(judge).then(resolve, (error: unknown) => {
          const told = endedTest(error) ? whileWaiting(error, title, tail()) : error;
          reject(told instanceof Error ? at(site, told) : told);
        });
      }),
  };
}

/** The first line stays, so that the test's end knows its own failure again. A report or a hang shows the last lines itself. */
function whileWaiting(error: Error, title: string, evidence: readonly string[]): Error {
  const [first = "", ...rest] = error.message.split("\n");
  const tail = rest.includes(evidence[0] ?? "") ? [] : evidence;
  return reasonWithContext(error, [first, `  while waiting for ${title}`, ...rest, ...tail].join("\n"));
}

export const passed: Verdict = { pass: true, message: () => "" };
