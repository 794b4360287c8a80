import { localHost } from "../../host/local.ts";
import { UsageError } from "../../machine/errors.ts";
import { namedPrograms } from "../../machine/settings.ts";
import { readTrace, type Trace } from "../../trace/reader.ts";
import { detectAll } from "../../vm/detection.ts";
import { digestFiles } from "../../vm/plan-record-of.ts";
import { loadSettings } from "../config-file.ts";
import type { RunFlagReader } from "./options.ts";
import type { Prepared } from "./prepare.ts";
import { reporting } from "./report.ts";
import { runMachine } from "./run-machine.ts";

export interface ReproOptions {
  readonly anyway: boolean;
  /** Repeat the recorded run instead of starting a new one. */
  readonly replay: boolean;
  readonly gdb?: string | undefined;
  readonly flags: RunFlagReader;
  readonly signal: AbortSignal;
}

export function reproCommand(dir: string, { anyway, replay, gdb, flags, signal }: ReproOptions): Promise<number> {
  return reporting(flags.isJson(), async () => {
    const settings = await loadSettings({});
    const problems: string[] = [];
    const own = flags.read(problems);
    if (gdb !== undefined && !replay) problems.push(`--gdb ${gdb}: needs --replay`);
    if (problems.length > 0) throw UsageError.of(problems);
    const trace = await readTrace(dir);
    if (replay) {
      const { replayRecording } = await import("./replay-recording.ts");
      if (!anyway) await refuseChanged(trace, signal);
      const prepared = await prepareAgain(trace, namedPrograms(settings), signal);
      return await replayRecording(trace, prepared, { flags: own, settings, signal, gdb });
    }
    return await runMachine({
      ...{ command: "repro", flags: own, signal, settings },
      prepare: async (progress) => {
        progress.show("comparing the files with those of the trace");
        if (!anyway) await refuseChanged(trace, signal);
        return await prepareAgain(trace, namedPrograms(settings), signal);
      },
    });
  });
}

async function prepareAgain(
  { dir, machine, placement }: Trace,
  overrides: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Prepared> {
  if (!machine || !placement) {
    throw new UsageError(
      `${dir} ends before its machine was written: nothing was booted, so there is nothing to repeat`,
    );
  }
  const detections = await detectAll(localHost, { overrides, only: [placement.vmm], signal });
  return { machine, placement, detections, whole: machine };
}

/** Throws UsageError that names every file that is not what was booted then. */
async function refuseChanged({ dir, digests }: Trace, signal: AbortSignal): Promise<void> {
  const changed: string[] = [];
  for (const [path, then] of Object.entries(digests)) {
    const now = await digestFiles([path], {}, signal).catch((error: NodeJS.ErrnoException) => {
      signal.throwIfAborted();
      return { [path]: error.code === "ENOENT" ? "gone" : "unreadable" };
    });
    const found = now[path];
    if (found === "gone") changed.push(`${path} is gone`);
    else if (found === "unreadable") changed.push(`${path} cannot be read`);
    else if (found !== then) changed.push(`${path} has changed`);
  }
  if (changed.length === 0) return;
  throw UsageError.of(
    [...changed, `boot with what is there now: petri repro ${dir} --anyway`],
    `the files of ${dir} are not those that were booted`,
  );
}
