import type { PowerEvent, PowerKind } from "./event.ts";
import { printable } from "./printable.ts";

const sentences: Readonly<Record<PowerKind, string>> = {
  reset: "the guest reset",
  shutdown: "the guest powered off",
  hibernate: "the guest hibernated",
  crash: "the guest crashed",
  watchdog: "the watchdog expired",
  halted: "every vCPU halted for good",
  "vmm-error": "the VMM failed",
};

/** One line: `the guest powered off (acpi-s5) at 1.234 s`. */
export function describeEvent(event: PowerEvent): string {
  const cause = event.cause === "unknown" ? "cause unknown" : event.cause;
  const doubt = event.confidence === "inferred" ? ", inferred" : "";
  return `${sentences[event.kind]} (${cause}${doubt}) at ${(event.at / 1e9).toFixed(3)} s`;
}

/** The event with its kind, its action and what the verdict rests on. */
export function eventEvidence(event: PowerEvent): string[] {
  const action = event.action === "none" ? "no action" : `action ${event.action}`;
  return [
    `  ${event.kind}: ${describeEvent(event)}, ${action}`,
    ...event.evidence.map((line) => `    | ${printable(line)}`),
  ];
}
