import { closeSync, constants, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../machine/machine.ts";
import type { Placement } from "../machine/placement.ts";
import { appendLine, elapsed, eventsFile, openEvents, traceVersion } from "./append.ts";
import type { UntimedEvent } from "./event.ts";
import { traceFault } from "./fault.ts";
import { makeFolder } from "./make-folder.ts";
import { type PlanRecord, redact } from "./plan-record.ts";

/** How a run was judged (design: "Errors and exit codes"). */
export interface Verdict {
  readonly class: string;
  readonly exitCode: number;
  /** One line. */
  readonly reason: string;
}

export const vmmLogFile = "vmm.log";
/** What a VMM that records wrote of what came to the guest; its own format. */
export const recordingFile = "recording";
/** Written after the machine: where it is, both are. */
export const placementFile = "placement.json";

/**
 * Writes the record of one VM's life into a folder of its own. Everything is readable after `kill -9` at any point:
 * whole files appear by rename(2), and events are appended line by line.
 *
 * Every method throws HostError when the file system refuses.
 */
export class TraceWriter {
  readonly dir: string;
  readonly clockStart: bigint;
  private fd: number | undefined;

  private constructor(dir: string, clockStart: bigint, fd: number) {
    this.dir = dir;
    this.clockStart = clockStart;
    this.fd = fd;
  }

  /** Makes the folder, with its parents. A folder that already holds a trace is refused. */
  static open(dir: string, options: { readonly clockStart: bigint }): TraceWriter {
    const fd = attempt(dir, "making the folder and its events.jsonl", () => {
      makeFolder(dir);
      return openEvents(dir, constants.O_EXCL);
    });
    const writer = new TraceWriter(dir, options.clockStart, fd);
    const t = elapsed(options.clockStart);
    const startedAt = new Date(Date.now() - t / 1e6).toISOString();
    try {
      writer.append({ kind: "start", version: traceVersion, startedAt }, t);
    } catch (error) {
      writer.close();
      throw error;
    }
    return writer;
  }

  writeMachine(machine: Machine): void {
    this.writeJson("machine.json", machine);
  }

  writePlacement(placement: Placement): void {
    this.writeJson(placementFile, placement);
  }

  /** Secrets are left out: see `redact`. */
  writePlan(plan: PlanRecord): void {
    this.writeJson("plan.json", redact(plan));
  }

  /** Appends one event, timed now unless told. Does nothing once closed: late events of a dying VM are no error. */
  append(event: UntimedEvent, t: number = elapsed(this.clockStart)): void {
    const { fd } = this;
    if (fd === undefined) return;
    attempt(this.dir, `writing to ${eventsFile}`, () => appendLine(fd, { t, ...event }));
  }

  /** Appends how the run was judged, which is often known only once the rest of the record is closed. */
  conclude(verdict: Verdict): void {
    const event = { t: elapsed(this.clockStart), kind: "verdict", ...verdict } as const;
    attempt(this.dir, `writing to ${eventsFile}`, () => {
      const fd = openEvents(this.dir);
      try {
        appendLine(fd, event);
      } finally {
        closeSync(fd);
      }
    });
  }

  /** Idempotent. */
  close(): void {
    const { fd } = this;
    this.fd = undefined;
    if (fd !== undefined) attempt(this.dir, `closing ${eventsFile}`, () => closeSync(fd));
  }

  private writeJson(name: string, value: unknown): void {
    attempt(this.dir, `writing ${name}`, () => {
      const temporary = join(this.dir, `.${name}.${process.pid}`);
      try {
        writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`);
        renameSync(temporary, join(this.dir, name));
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
    });
  }
}

function attempt<T>(dir: string, doing: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw traceFault(dir, doing, error);
  }
}
