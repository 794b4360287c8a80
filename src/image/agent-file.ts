import type { DebianSource } from "./recipe.ts";

/** Built by fixtures/petri-agent, from the package's root on. */
export function agentFile({ debianArch }: DebianSource): string {
  return `fixtures/petri-agent/built/petri-agent.${debianArch === "amd64" ? "x86_64" : "i386"}`;
}
