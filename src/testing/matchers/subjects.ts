import { Console } from "../../console/console.ts";
import { UsageError } from "../../machine/errors.ts";
import type { ConsoleName } from "../../machine/machine.ts";
import { Waits } from "../../power/wait.ts";
import { VirtualMachine } from "../../vm/virtual-machine.ts";

/** The matchers that were called on each VM of this worker and that nobody awaits yet. */
const waitsByVm = new Map<VirtualMachine, Waits>();

/** From now on matchers know the VM by its consoles, too. */
export function registerVm(vm: VirtualMachine): void {
  waitsByVm.set(vm, new Waits());
}

export function forgetVm(vm: VirtualMachine): void {
  waitsByVm.delete(vm);
}

const testFailures = new WeakSet<Error>();

/** The error ends its test, whatever the test is waiting for: a wait that meets it says what it was waiting for. */
export function markTestFailure(error: Error): void {
  testFailures.add(error);
}

export function endedTest(error: unknown): error is Error {
  return error instanceof Error && testFailures.has(error);
}

export function unawaitedMatchers(vm: VirtualMachine): string[] {
  return (waitsByVm.get(vm)?.unawaited() ?? []).map((title) => `never awaited: ${title}`);
}

/** A VM that a test of this worker booted has its matchers watched; any other one's simply run. */
export function waitsOf(vm: VirtualMachine | undefined): Waits {
  return (vm && waitsByVm.get(vm)) ?? new Waits();
}

export function vmOf(console: Console): VirtualMachine | undefined {
  return [...waitsByVm.keys()].find((vm) => {
    const names = Object.keys(vm.plan.consoles);
    return names.includes(console.name) && vm.console(console.name) === console;
  });
}

/** What its consoles printed last, as evidence: a heading for each, then its lines. */
export function lastLinesOf(vm: VirtualMachine): string[] {
  return (Object.keys(vm.plan.consoles) as ConsoleName[]).flatMap((name) => lastLines(vm.console(name)));
}

export function lastLines(console: Console): string[] {
  const lines = console.lastLines();
  return lines.length === 0 ? [] : [`last lines of ${console.name}:`, ...lines.map((line) => `  | ${line}`)];
}

export function asConsole(received: unknown, matcher: string): Console {
  if (received instanceof Console) return received;
  const hint = received instanceof VirtualMachine ? "; write expect(vm.console())" : "";
  throw new UsageError(`${matcher} asserts on a console${hint}`);
}

export function asVm(received: unknown, matcher: string): VirtualMachine {
  if (received instanceof VirtualMachine) return received;
  throw new UsageError(`${matcher} asserts on a VM: write expect(vm).${matcher}(…)`);
}
