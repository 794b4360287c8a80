import { createReadStream } from "node:fs";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UsageError } from "../machine/errors.ts";
import { type ConsoleName, consoleNames, type Machine, machineSchema } from "../machine/machine.ts";
import { type Placement, placementSchema } from "../machine/placement.ts";
import { eventsFile, traceVersion } from "./append.ts";
import { type TraceEvent, traceEventSchema } from "./event.ts";
import { lines } from "./lines.ts";
import { type PlanRecord, planRecordSchema } from "./plan-record.ts";

export interface Trace {
  readonly dir: string;
  /** Absent if the harness was killed before it was written; so are the next three. */
  readonly startedAt?: string;
  readonly machine?: Machine;
  readonly placement?: Placement;
  /** Redacted: see plan-record.ts. */
  readonly plan?: PlanRecord;
  /** Digests of the booted files, `sha256:…` by path. */
  readonly digests: Readonly<Record<string, string>>;
  readonly consoles: readonly ConsoleLog[];
  /** The last line was cut, as by `kill -9` or a full disk. */
  readonly truncated: boolean;
  /**
   * Every event, in file order and bounded memory. A line that is no event throws UsageError, or is handed to
   * `onMalformed` and skipped; the cut last line of a truncated trace is just left out.
   */
  events(options?: EventsOptions): AsyncIterable<TraceEvent>;
}

export interface ConsoleLog {
  readonly console: ConsoleName;
  readonly path: string;
  readonly bytes: number;
}

export interface EventsOptions {
  readonly onMalformed?: (line: number, reason: string) => void;
}

/**
 * Opens a trace folder.
 *
 * @throws UsageError if it is none, is of a newer Petri, or its JSON files are not what Petri writes
 */
export async function readTrace(dir: string): Promise<Trace> {
  const size = await sizeOf(join(dir, eventsFile));
  if (size === undefined) {
    throw new UsageError(
      `${dir} is not a trace folder: it has no ${eventsFile}.\n` +
        "A trace is the folder of one VM and attempt, such as petri-results/RUN/TEST/1-vm.",
    );
  }
  const [machine, placement, plan, startedAt, truncated, consoles] = await Promise.all([
    readJson(dir, "machine.json", machineSchema),
    readJson(dir, "placement.json", placementSchema),
    readJson(dir, "plan.json", planRecordSchema),
    readStart(dir),
    size === 0 || endsInsideLine(join(dir, eventsFile), size),
    findConsoles(dir),
  ]);
  return {
    dir,
    ...(startedAt !== undefined && { startedAt }),
    ...(machine && { machine }),
    ...(placement && { placement }),
    ...(plan && { plan: plan as PlanRecord }), // optional fields: undefined never comes out of JSON
    digests: plan?.digests ?? {},
    consoles,
    truncated,
    events: (options = {}) => readEvents(dir, options),
  };
}

async function* readEvents(dir: string, { onMalformed }: EventsOptions): AsyncGenerator<TraceEvent> {
  let number = 0;
  for await (const { text, isComplete } of lines(createReadStream(join(dir, eventsFile)))) {
    number += 1;
    const event = parseEvent(text);
    if (typeof event !== "string") yield event;
    else if (!isComplete) return;
    else if (onMalformed) onMalformed(number, event);
    else throw new UsageError(`${join(dir, eventsFile)}, line ${number}, is not a trace event: ${event}`);
  }
}

/** The event, or the reason why the line is none. */
function parseEvent(text: string | undefined): TraceEvent | string {
  if (text === undefined) return "the line is too long";
  try {
    const result = traceEventSchema.safeParse(JSON.parse(text));
    return result.success ? result.data : z.prettifyError(result.error);
  } catch (error) {
    return (error as SyntaxError).message;
  }
}

async function readStart(dir: string): Promise<string | undefined> {
  for await (const event of readEvents(dir, { onMalformed: () => {} })) {
    if (event.kind !== "start") return undefined;
    if (event.version <= traceVersion) return event.startedAt;
    throw new UsageError(
      `${dir} was written by a newer Petri (trace version ${event.version}; this one reads up to ${traceVersion}). Update petri-vm.`,
    );
  }
  return undefined;
}

async function readJson<S extends z.ZodType>(dir: string, name: string, schema: S) {
  const path = join(dir, name);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new UsageError(`${path} is not what Petri writes:\n${reason}`, { cause: error });
  }
}

async function findConsoles(dir: string): Promise<ConsoleLog[]> {
  const names = new Set(await readdir(dir));
  const present = consoleNames.filter((console) => names.has(consoleLogFile(console)));
  return Promise.all(
    present.map(async (console) => {
      const path = join(dir, consoleLogFile(console));
      return { console, path, bytes: (await sizeOf(path)) ?? 0 };
    }),
  );
}

/** The raw bytes of one console, as the guest printed them. */
const consoleLogFile = (console: ConsoleName): string => `${console}.log`;

async function sizeOf(path: string): Promise<number | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() ? stats.size : undefined;
}

async function endsInsideLine(path: string, size: number): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] !== 0x0a;
  } finally {
    await file.close();
  }
}
