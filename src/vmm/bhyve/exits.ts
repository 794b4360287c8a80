import type { PowerCause, PowerKind } from "../../power/event.ts";

/** How a bhyve process ended, and what is known of its life. */
export interface BhyveEnd {
  readonly status: number | null;
  readonly signal: string | null;
  /** The last lines of its standard error. */
  readonly stderr: string;
  /** Whether its console had a byte. */
  readonly hasSpoken: boolean;
  readonly ranMs: number;
  /** Whether the power button was pressed in it. */
  readonly wasAsked: boolean;
}

interface Verdict {
  readonly kind: PowerKind;
  readonly cause: PowerCause;
  readonly confidence: "reported" | "inferred";
  readonly evidence: readonly string[];
}

/** What ends in less has not run a guest: firmware alone takes longer. */
const shortestMs = 1_000;

/**
 * bhyve(8), "EXIT STATUS": 0 rebooted, 1 powered off, 2 halted, 3 triple fault, 4 error. A usage error is 1 as well
 * (bhyverun.c), so a power-off is one only if a guest was there to ask for it.
 */
export function verdictOf({ status, signal, stderr, hasSpoken, ranMs, wasAsked }: BhyveEnd): Verdict {
  const how = signal ? `bhyve was killed by ${signal}` : `bhyve ended with status ${status}`;
  const said = stderr === "" ? [] : [stderr];
  const error: Verdict = { kind: "vmm-error", cause: "unknown", confidence: "reported", evidence: [how, ...said] };
  if (signal === "SIGTERM" && wasAsked) {
    const why = "the power button ends bhyve itself while the guest has not switched ACPI on";
    return { kind: "shutdown", cause: "host", confidence: "inferred", evidence: [how, why] };
  }
  if (signal !== null) return error;
  const told = (kind: PowerKind, cause: PowerCause): Verdict => ({
    ...{ kind, cause, confidence: "reported" },
    evidence: [how],
  });
  switch (status) {
    case 0:
      return told("reset", "unknown");
    case 1:
      if (/^Usage:/im.test(stderr) || (!hasSpoken && ranMs < shortestMs)) return error;
      return told("shutdown", "acpi-s5");
    case 2:
      return told("halted", "unknown");
    case 3:
      return told("crash", "triple-fault");
    default:
      return error;
  }
}
