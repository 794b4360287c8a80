import type { ByteSource } from "../../console/console.ts";
import type { ConsoleName } from "../../machine/machine.ts";
import type { PowerEvent } from "../../power/event.ts";
import type { TraceEvent } from "../event.ts";
import { LogSource } from "../log-source.ts";
import type { Trace } from "../reader.ts";

type Kind<K extends TraceEvent["kind"]> = Extract<TraceEvent, { kind: K }>;
export type WaitBegun = Kind<"wait">;
export type WaitSettled = Kind<"waited">;
export type RecordedVerdict = Kind<"verdict">;

/** What the recorded VM and its test did, in the order it happened. Bounded by events, not by bytes. */
export interface Recording {
  readonly consoles: ReadonlyMap<ConsoleName, RecordedConsole>;
  /** Waits and waivers, as the one thread of the test made them. */
  readonly asked: readonly (WaitBegun | WaitSettled | Kind<"waived">)[];
  readonly power: readonly PowerEvent[];
  /** What the oracle found, with what became of it. */
  readonly findings: readonly Kind<"finding">[];
  /** What the VM did, and when. */
  readonly life: readonly Kind<"vm">[];
  readonly verdict: RecordedVerdict | undefined;
  /** Time of the last record, in nanoseconds. */
  readonly end: number;
}

/** One console's log, and when its bytes came. */
export class RecordedConsole {
  readonly name: ConsoleName;
  /** Bytes in the log. */
  readonly bytes: number;
  /** In order of time: up to `end`, the bytes had come at `t` nanoseconds. */
  readonly arrivals: { readonly t: number; readonly end: number }[] = [];
  readonly #log: LogSource;

  constructor({ console, path, bytes }: Trace["consoles"][number]) {
    this.name = console;
    this.bytes = bytes;
    this.#log = new LogSource(path);
  }

  /** The log as it was when it had `end` bytes. */
  upTo(end: number): ByteSource & { end: number } {
    const { bytes } = this;
    const log = this.#log;
    return {
      end: Math.min(end, bytes),
      read: (start, stop) => log.read(Math.min(start, bytes), Math.min(stop, bytes)),
    };
  }

  /** Bytes that had come by then. Those that were not noted any more, the harness being killed, came last. */
  endAt(t: number): number {
    return this.arrivals.findLast((arrival) => arrival.t <= t)?.end ?? 0;
  }

  close(): void {
    this.#log.close();
  }
}

/** Reads a trace for playing. Rejects with UsageError for a line that is no event. */
export async function readRecording(trace: Trace): Promise<Recording> {
  const consoles = new Map(trace.consoles.map((log) => [log.console, new RecordedConsole(log)]));
  const asked: (WaitBegun | WaitSettled | Kind<"waived">)[] = [];
  const power: PowerEvent[] = [];
  const findings: Kind<"finding">[] = [];
  const life: Kind<"vm">[] = [];
  let verdict: RecordedVerdict | undefined;
  let end = 0;
  for await (const event of trace.events()) {
    end = Math.max(end, event.t);
    if (event.kind === "wait" || event.kind === "waited" || event.kind === "waived") asked.push(event);
    else if (event.kind === "power") power.push({ ...event.event, index: power.length });
    else if (event.kind === "finding") findings.push(event);
    else if (event.kind === "vm") life.push(event);
    else if (event.kind === "verdict") verdict = event;
    else if (event.kind === "console") {
      consoles.get(event.console)?.arrivals.push({ t: event.t, end: event.offset + event.length });
    }
  }
  for (const { arrivals, bytes } of consoles.values()) {
    // The last chunk before a kill -9 is in the log and not among the events.
    if ((arrivals.at(-1)?.end ?? 0) < bytes) arrivals.push({ t: end, end: bytes });
  }
  return { consoles, asked, power, findings, life, verdict, end };
}
