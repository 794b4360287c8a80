import { NoProgress } from "../machine/errors.ts";
import { showDuration } from "../power/wait.ts";
import type { UntimedEvent } from "../trace/event.ts";
import type { RunningVmm } from "../vmm/contract.ts";
import { type CrashScene, surroundings } from "./crash-message.ts";
import { machineEvidence } from "./machine-evidence.ts";

export interface Hang {
  /** What was waited for in vain, for all of `budgetMs`. */
  readonly waits: readonly string[];
  readonly budgetMs: number;
  readonly facets: RunningVmm["facets"];
  readonly scene: CrashScene;
  readonly note: (event: UntimedEvent) => void;
}

/**
 * The error of a guest that hangs, with what its vCPUs and its display show; all of that is in the trace. Never rejects:
 * what cannot be had is said instead.
 */
export async function noProgress({ waits, budgetMs, facets, scene, note }: Hang): Promise<NoProgress> {
  const evidence = await machineEvidence({ facets, note, traceDir: scene.traceDir, picture: "hang.png" });
  const first = `the guest made no progress for ${showDuration(budgetMs)} while somebody waited for ${waits.join(", ")}`;
  const advice =
    "If it only needs longer, give it more (progressWithin), or call vm.progress() where it is seen to get on.";
  return new NoProgress([first, ...evidence, ...surroundings(scene, "com1"), advice].join("\n"));
}
