import { oneLine } from "../../report/escape.ts";
import { truncate } from "../../report/text-width.ts";
import type { Detection } from "../../vmm/contract.ts";
import type { RunSession } from "../run-session.ts";

/** What the run has to work with: a line for each VMM, so that a skip further down surprises nobody. */
export function openingLines({ context }: RunSession, columns: number): string[] {
  return context.detections.map((detection) => truncate(oneLine(describe(detection)), columns));
}

function describe({ vmm, present, version, accelerators, notes }: Detection): string {
  if (!present) return `${vmm}: not here, ${notes.join("; ") || "not found"}`;
  const works = accelerators.filter((found) => found.works).map(({ name }) => name);
  const fails = accelerators.filter((found) => !found.works).map(({ name, reason }) => `not ${name}: ${reason}`);
  return `${vmm} ${version ?? ""}: ${[works.join(", ") || "runs no guest", ...fails].join("; ")}`;
}
