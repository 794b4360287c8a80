import type { RunnerTestCase, TestError } from "vitest";
import { TimeoutError } from "../machine/errors.ts";
import { showDuration } from "../power/wait.ts";
import type { VirtualMachine } from "../vm/virtual-machine.ts";
import { unawaitedMatchers } from "./matchers/subjects.ts";
import { at } from "./site.ts";
import type { TestSpec } from "./test-spec.ts";

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
  const message = [
    "the test ended and left loose ends:",
    ...lines.map((line) => `  - ${line}`),
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

function causeMessage(cause: unknown): string {
  return cause instanceof Object && "message" in cause ? String(cause.message) : "";
}
