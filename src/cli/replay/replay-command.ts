import { printable } from "../../console/printable.ts";
import { UsageError } from "../../machine/errors.ts";
import { readTrace, type Trace } from "../../trace/reader.ts";
import { findingsIn, type RecordedFinding } from "../../trace/replay/findings.ts";
import { type Recording, readRecording } from "../../trace/replay/recording.ts";
import { judgeReplay, type ReplayedWait, replayWaits } from "../../trace/replay/replay.ts";
import { JsonEvents } from "../boot/json-events.ts";
import type { ExpectFlags } from "../boot/options.ts";
import { report, reporting } from "../boot/report.ts";
import { writeTo } from "../output.ts";
import { judgeAnew } from "./judge-anew.ts";

/** Resolves to the exit code: that of the recorded run, unless the record says something else. */
export function replayCommand(
  dir: string,
  flags: { isJson(): boolean; read(): ExpectFlags },
  signal: AbortSignal,
): Promise<number> {
  return reporting(flags.isJson(), async () => {
    const asked = flags.read();
    const json = flags.isJson() ? new JsonEvents() : undefined;
    const trace = await readTrace(dir);
    const recording = await readRecording(trace);
    signal.throwIfAborted();
    try {
      const isAnew = asked.steps.length > 0 || asked.failOn.length > 0;
      if (!isAnew && asked.timeoutMs !== undefined) throw new UsageError("--timeout is for --expect and --fail-on");
      const verdict = isAnew
        ? await judgeAnew(trace, recording, asked, json)
        : await judgeAgain(trace, recording, json);
      report(verdict, { traceDir: undefined, json });
      return verdict.exitCode;
    } finally {
      for (const console of recording.consoles.values()) console.close();
    }
  });
}

async function judgeAgain(trace: Trace, recording: Recording, json: JsonEvents | undefined) {
  const waits = replayWaits(recording);
  const findings = findingsIn(recording);
  if (waits.length === 0 && !findings.some(({ verdict }) => verdict)) throw nothingAsked(trace, recording);
  for (const { on, title, relation, recorded, now } of waits) {
    await json?.write({ event: "wait", on, title, relation, ...(recorded && { recorded }), now });
  }
  for (const finding of findings) await json?.write({ event: "finding", ...finding });
  const verdict = judgeReplay(recording, waits);
  if (json) return verdict;
  const told = waits.filter(isTold);
  const lines = [...told.flatMap(tell), ...findings.map(tellFinding), summary(told, verdict)];
  await writeTo(process.stdout, `${lines.join("\n")}\n`);
  return verdict;
}

/** A wait that the run's end stopped, and that had not been met, says nothing worth a line. */
function isTold({ relation, now }: ReplayedWait): boolean {
  return relation !== "same" || now.outcome !== "stopped";
}

function tell({ relation, title, says }: ReplayedWait): string[] {
  switch (relation) {
    case "same":
      return [`✓ ${title}: ${says.now}`];
    case "different":
      return [`✗ ${title}`, `    recorded: ${says.recorded}`, `    now: ${says.now}`];
    case "unknown":
      return [`? ${title}: ${says.now}`];
    case "open":
      return [`? ${title}: not settled when the record ends; now: ${says.now}`];
  }
}

function tellFinding({ console, title, os, offset, verdict }: RecordedFinding): string {
  return `! ${console} ${printable(title)} (${os}), at byte ${offset}: ${verdict ?? "not found in that run"}`;
}

function summary(waits: readonly ReplayedWait[], { class: name, exitCode, reason }: ReturnType<typeof judgeReplay>) {
  const same = waits.filter(({ relation }) => relation === "same").length;
  const count = waits.length === 1 ? "1 expectation" : `${waits.length} expectations`;
  const how = same === waits.length ? `${count}, as recorded` : `${count}, ${same} of them as recorded`;
  return `${how}\nthe run ends with ${exitCode} (${name})${exitCode === 0 ? `: ${printable(reason)}` : ""}`;
}

function nothingAsked({ dir, truncated }: Trace, { verdict, life }: Recording): UsageError {
  const isCut = truncated || (verdict === undefined && !life.some(({ what }) => what === "ended"));
  const why = isCut
    ? "it ends before anything was awaited"
    : "nothing was awaited, or the Petri that wrote it did not record expectations yet";
  return new UsageError(
    `${dir} holds no expectation to ask again: ${why}.\nAsk new ones: petri replay ${dir} --expect PATTERN`,
  );
}
