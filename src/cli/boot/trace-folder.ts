import { existsSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../machine/settings.ts";
import { eventsFile } from "../../trace/append.ts";
import { cleanResults, keepsTrace } from "../../trace/retention.ts";
import { createRun, discardTrace, endRun } from "../../trace/run-folder.ts";
import { traceDir } from "../../trace/slug.ts";

/** Where the record of a VM goes, and what becomes of it. */
export interface TraceFolder {
  readonly dir: string;
  /** Keeps the record or throws it away; returns whether there is one to look at. */
  close(failed: boolean): boolean;
}

/** The folder that `--trace` names, else one of this command's own in the results folder. */
export function openTraceFolder(
  wanted: string | undefined,
  command: string,
  vm: string,
  settings: Settings,
): TraceFolder {
  if (wanted !== undefined) {
    const wasThere = existsSync(join(wanted, eventsFile));
    return { dir: wanted, close: () => !wasThere && existsSync(join(wanted, eventsFile)) };
  }
  const { results, keepTraces, traceCap } = settings;
  const wasThere = existsSync(results);
  const run = createRun(results);
  const dir = traceDir(run.dir, command, 1, vm);
  return {
    dir,
    close(failed) {
      if (!keepsTrace(keepTraces, { failed })) discardTrace(dir);
      endRun(run);
      const isKept = existsSync(dir);
      if (isKept) cleanResults(results, { capBytes: traceCap, current: run.id });
      else if (!wasThere) removeIfEmpty(results);
      return isKept;
    },
  };
}

function removeIfEmpty(dir: string): void {
  try {
    rmdirSync(dir);
  } catch {
    // Somebody else has put something there meanwhile.
  }
}
