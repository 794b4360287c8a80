import { printable } from "../../console/printable.ts";
import { type ErrorClass, GuestCrash, PetriError } from "../../machine/errors.ts";
import { describeEvent } from "../../power/describe.ts";
import type { PowerEvent } from "../../power/event.ts";
import type { Verdict } from "../../trace/writer.ts";
import type { VirtualMachine } from "../../vm/virtual-machine.ts";

/**
 * How a run ended. `Met`: every expectation was. `PowerAction`: an action of the machine ended it, with its own code.
 * `ExpectationFailed`: the guest ended first, or printed what it must not. `Detached`: the user left.
 */
export interface Ending {
  readonly class: ErrorClass | "Met" | "PowerAction" | "ExpectationFailed" | "Detached";
  readonly exitCode: number;
  /** The first line says it all; evidence may follow. */
  readonly reason: string;
}

/** Whose last lines are the evidence. */
type Witness = Pick<VirtualMachine, "console" | "machine">;

/** For the trace. */
export function verdictOf({ class: name, exitCode, reason }: Ending): Verdict {
  return { class: name, exitCode, reason: printable(reason.split("\n")[0] ?? "") };
}

/** Undefined for what is no error of Petri's, but a bug in it. */
export function endingByError(error: unknown): Ending | undefined {
  if (!(error instanceof PetriError)) return undefined;
  const reason = error instanceof GuestCrash ? inFlags(error.message) : error.message;
  return { class: error.name, exitCode: error.exitCode, reason };
}

/** The VM's advice is for those who write tests; here what a finding does is a flag. */
function inFlags(message: string): string {
  return message.replace(/\nallow it with vm\.expectCrash\([^\n]*$/, "\nto go on in spite of it: --oracle report");
}

/** The guest did what ends the run: `code` if its action was `exit`, else it is halted. */
export function endingByGuest(vm: Witness, event: PowerEvent, code: number | undefined): Ending {
  if (code !== undefined) {
    return { class: "PowerAction", exitCode: code, reason: `${describeEvent(event)}: action ${event.action}` };
  }
  switch (event.kind) {
    case "shutdown":
    case "hibernate":
    case "reset":
      return { class: "PowerAction", exitCode: 0, reason: `${describeEvent(event)}: action ${event.action}` };
    case "crash":
    case "watchdog":
    case "halted":
    case "vmm-error":
      return { class: "GuestCrash", exitCode: 3, reason: withEvidence(vm, describeEvent(event), event) };
  }
}

/** The same while an expectation was not met: that beats an exit code of 0. */
export function endingUnmet(vm: Witness, event: PowerEvent, code: number | undefined, unmet: Error): Ending {
  const byGuest = endingByGuest(vm, event, code);
  const reason = byGuest.class === "GuestCrash" ? byGuest.reason : unmet.message;
  if (byGuest.exitCode !== 0 && event.kind === "crash") return { ...byGuest, class: "GuestCrash", reason };
  return { class: "ExpectationFailed", exitCode: byGuest.exitCode || 1, reason };
}

function withEvidence(vm: Witness, first: string, event: PowerEvent): string {
  const lines = vm.machine.consoles.com1 === "none" ? [] : vm.console("com1").lastLines(10);
  return [
    first,
    ...event.evidence.map((line) => `  ${printable(line)}`),
    ...(lines.length > 0 ? ["last lines of com1:", ...lines.map((line) => `  | ${line}`)] : []),
  ].join("\n");
}
