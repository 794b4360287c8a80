import type { RunnerTestCase, TestError } from "vitest";
import {
  GuestCrash,
  HostError,
  Interrupted,
  NoProgress,
  TimeoutError,
  UnsupportedError,
  UsageError,
  VmmError,
} from "../machine/errors.ts";
import { describeEvent } from "../power/journal.ts";
import { printable } from "../power/printable.ts";
import { reasonWithContext, showDuration } from "../power/wait.ts";
import type { Verdict } from "../trace/writer.ts";
import type { VirtualMachine } from "../vm/virtual-machine.ts";
import { lastLinesOf, unawaitedMatchers } from "./matchers/subjects.ts";
import { at } from "./site.ts";
import type { TestSpec } from "./test-spec.ts";

/** vitest hands errors on as data: only the name still tells the class. */
const classCodes: Readonly<Record<string, number>> = Object.fromEntries(
  [UsageError, UnsupportedError, VmmError, HostError, GuestCrash, TimeoutError, NoProgress, Interrupted].map((Kind) => {
    const { name, exitCode } = new Kind("");
    return [name, exitCode];
  }),
);

/** A crash or timeout that the body did not let through: vitest knows no error that tells of it. */
export function unheeded(failure: Error, known: readonly TestError[]): Error[] {
  const [headline = ""] = failure.message.split("\n");
  const messages = known.flatMap(({ message, cause }) => [message, causeMessage(cause)]);
  return messages.some((message) => message.includes(headline)) ? [] : [failure];
}

/** Only a test that would pass is asked for loose ends: after a failure there always are some. */
export function looseEnds(task: RunnerTestCase, { site }: TestSpec, vms: readonly VirtualMachine[]): Error[] {
  if (task.result?.state !== "pass") return [];
  const lines = vms.flatMap((vm) => [...vm.loose(), ...unawaitedMatchers(vm)]);
  if (lines.length === 0) return [];
  const told =
    lines.length === 1
      ? [`the test ended and left a loose end: ${lines[0]}`]
      : [`the test ended and left ${lines.length} loose ends:`, ...lines.map((line) => `  - ${line}`)];
  const message = [
    ...told,
    "Await every wait. Look at every power event (vm.power.next(), expect(vm).toReset() …) or allow it (vm.power.allow()).",
  ].join("\n");
  return [at(site, new Error(message))];
}

export function timeoutError({ site, timeoutMs }: TestSpec): Error {
  const first = `the test did not end within ${showDuration(timeoutMs)}`;
  return at(
    site,
    new TimeoutError(`${first}\n  give it more with the option timeout, or all tests with PETRI_TIMEOUT_SCALE`),
  );
}

export const passedVerdict: Verdict = { class: "Passed", exitCode: 0, reason: "the test passed" };

/** By the error that came first: a class of Petri's has its own exit code, anything else is a failed assertion. */
export function failedVerdict(error: Error | TestError | undefined): Verdict {
  const exitCode = classCodes[error?.name ?? ""];
  const reason = printable(error?.message.split("\n")[0] ?? "the test was expected to fail, and passed");
  if (exitCode === undefined) return { class: "AssertionFailed", exitCode: 1, reason };
  return { class: error?.name ?? "", exitCode, reason };
}

/** A disk that refuses it leaves a record that says it has no verdict; the test's own failure is worth more. */
export function concludeAll(vms: readonly VirtualMachine[], verdict: Verdict): void {
  for (const vm of vms) {
    try {
      vm.conclude(verdict);
    } catch {}
  }
}

/** The error with what the VMs were at, for a body that waited for none of them and so has nothing to tell. */
export function withStanding(error: Error, { site }: TestSpec, vms: readonly VirtualMachine[]): Error {
  const lines = vms.flatMap((vm, index) => standing(vm, index === 0 ? "vm" : `vm${index + 1}`));
  return lines.length === 0 ? error : at(site, reasonWithContext(error, [error.message, ...lines].join("\n")));
}

function standing(vm: VirtualMachine, name: string): string[] {
  const events = vm.power.unacknowledged().map((event) => `; nobody looked at: ${describeEvent(event)}`);
  return [`${name} is ${vm.state}${events.join("")}`, ...lastLinesOf(vm)];
}

function causeMessage(cause: unknown): string {
  return cause instanceof Object && "message" in cause ? String(cause.message) : "";
}
