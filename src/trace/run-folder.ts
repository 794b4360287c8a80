import { randomBytes } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { eventsFile } from "./append.ts";
import { traceFault } from "./fault.ts";
import { makeFolder } from "./make-folder.ts";

const markerFile = "petri-run.json";

/** What marks a folder as a run that Petri made, and tells whether the process that made it still lives. */
const markerSchema = z.object({
  petri: z.literal(1),
  id: z.string(),
  startedAt: z.iso.datetime(),
  pid: z.number().int().positive(),
  /** When that process started, where the system tells: a pid alone is used again. */
  processStart: z.string().optional(),
});

export type RunMarker = z.output<typeof markerSchema>;

export interface RunFolder {
  readonly id: string;
  readonly dir: string;
}

/** Sorts by time; the random part keeps runs of the same second apart. */
function newRunId(now: Date): string {
  const time = now.toISOString().replace(/[-:]|\..*$/g, "");
  return `${time}Z-${randomBytes(3).toString("hex")}`.replace("T", "-");
}

/** Makes the folder of a new run, in use until this process ends. Throws HostError when it cannot be made. */
export function createRun(root: string, now: Date = new Date()): RunFolder {
  const id = newRunId(now);
  const dir = join(root, id);
  try {
    makeFolder(dir);
    const start = processStart(process.pid);
    const marker: RunMarker = {
      petri: 1,
      id,
      startedAt: now.toISOString(),
      pid: process.pid,
      ...(start !== undefined && { processStart: start }),
    };
    writeFileSync(join(dir, ".marker"), `${JSON.stringify(marker)}\n`);
    renameSync(join(dir, ".marker"), join(dir, markerFile));
  } catch (error) {
    discardUnmarked(dir);
    throw traceFault(dir, "making the folder of the run", error);
  }
  return { id, dir };
}

/** Without its marker nobody would know a folder for a run, nor clean it up. */
function discardUnmarked(dir: string): void {
  try {
    rmSync(dir, { recursive: true, force: true });
  } catch {
    // It could not even be made: what said so is worth more.
  }
}

/**
 * The marker of a run folder; undefined for whatever else is there: a link, a file, a folder that Petri did not make,
 * or one that its owner renamed to keep it.
 */
export function readMarker(dir: string): RunMarker | undefined {
  try {
    const path = join(dir, markerFile);
    if (!lstatSync(dir).isDirectory() || !lstatSync(path).isFile()) return undefined;
    const marker = markerSchema.parse(JSON.parse(readFileSync(path, "utf8")));
    return marker.id === basename(dir) ? marker : undefined;
  } catch {
    return undefined;
  }
}

/** True while the process that made the run lives. */
export function isInUse(marker: RunMarker): boolean {
  try {
    process.kill(marker.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return marker.processStart === undefined || processStart(marker.pid) === marker.processStart;
}

/** Removes one attempt's trace, and the test's folder if that was its last. Anything but a trace is left alone. */
export function discardTrace(dir: string): void {
  try {
    if (!readdirSync(dir).includes(eventsFile)) return;
    rmSync(dir, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw traceFault(dir, "removing it", error);
  }
  removeIfEmpty(dirname(dir));
}

/** Ends a run: a folder in which nothing was kept goes away. */
export function endRun(run: RunFolder): void {
  if (readMarker(run.dir) === undefined || readdirSync(run.dir).length > 1) return;
  removeRun(run.dir);
}

/** Removes a run folder, its marker last: cut short, it is still known as Petri's. Links are removed, not followed. */
export function removeRun(dir: string): void {
  try {
    for (const name of readdirSync(dir)) {
      if (name !== markerFile) rmSync(join(dir, name), { recursive: true, force: true });
    }
    rmSync(dir, { recursive: true, force: true });
  } catch (error) {
    throw traceFault(dir, "removing the run", error);
  }
}

function removeIfEmpty(dir: string): void {
  try {
    rmdirSync(dir);
  } catch (error) {
    // Another attempt's trace is there (ENOTEMPTY, or EEXIST by POSIX), or another worker was faster.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOENT") throw traceFault(dir, "removing it", error);
  }
}

/** The boot and the clock tick at which a process started (proc(5), field 22 of stat); undefined without /proc. */
function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    // The name, field 2, may hold spaces and brackets; the fields after its last bracket start at 3.
    return `${bootId}:${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return undefined;
  }
}
