import { describeEvent, eventEvidence } from "./describe.ts";
import type { PowerEvent, PowerKind } from "./event.ts";

/** The next thing the guest did is not what the test said. A failed assertion: exit code 1. */
export class UnexpectedPowerEvent extends Error {
  override readonly name = "UnexpectedPowerEvent";
  readonly exitCode = 1;
  readonly expected: PowerKind;
  readonly event: PowerEvent;

  constructor(expected: PowerKind, event: PowerEvent) {
    super(
      [
        `expected "${expected}" as the next power event, but ${describeEvent(event)}`,
        ...eventEvidence(event),
        `If it belongs to the test, await it first: power.next("${event.kind}"), or power.allow("${event.kind}") for any number of them.`,
        `To look past it and leave it to fail the test at its end: power.find("${expected}").`,
      ].join("\n"),
    );
    this.expected = expected;
    this.event = event;
  }
}
