import { appendFileSync, closeSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Console } from "../../../console/console.ts";
import type { PowerEvent } from "../../../power/event.ts";
import { PowerJournal } from "../../../power/journal.ts";
import { recordWaits } from "../../../vm/record-waits.ts";
import { appendLine, openEvents } from "../../append.ts";
import { type TraceEvent, traceEventSchema } from "../../event.ts";
import { readTrace } from "../../reader.ts";
import type { Verdict } from "../../writer.ts";
import { readRecording } from "../recording.ts";
import { judgeReplay, replayWaits } from "../replay.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** A VM's life without a VM, recorded as a real one's: in virtual time, through the same consoles and the same journal. */
export class RecordedRun {
  readonly dir = mkdtempSync(join(tmpdir(), "petri-replay-"));
  readonly clock = new VirtualClock();
  readonly console: Console;
  readonly power: PowerJournal;
  readonly #source = { end: 0 };
  readonly #events = openEvents(this.dir);
  #bytes = Buffer.alloc(0);

  constructor() {
    this.#append({ t: 0, kind: "start", version: 1, startedAt: "2026-01-01T00:00:00Z" });
    const observers = recordWaits((event) => this.#append({ t: this.#now(), ...event }));
    const source = Object.defineProperties(this.#source, {
      read: { value: (start: number, end: number) => this.#bytes.subarray(start, end) },
    }) as { end: number; read(start: number, end: number): Buffer };
    this.console = new Console({
      ...{ name: "com1", source, send: () => {}, clock: this.clock, observe: observers.console },
      defaultTimeoutMs: () => 10_000,
    });
    this.power = new PowerJournal({ observer: observers.power });
    writeFileSync(join(this.dir, "com1.log"), "");
  }

  /** The guest prints; a host that `isBusy` looks later. */
  print(bytes: string | Buffer, isBusy = false): void {
    const chunk = Buffer.from(bytes as string);
    this.#append({
      t: this.#now(),
      kind: "console",
      console: "com1",
      offset: this.#bytes.length,
      length: chunk.length,
    });
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    appendFileSync(join(this.dir, "com1.log"), chunk);
    this.#source.end = this.#bytes.length;
    this.console.advance();
    if (!isBusy) this.clock.settle();
  }

  pass(ms: number): void {
    this.clock.runTo(this.clock.now() + ms);
  }

  happen(kind: PowerEvent["kind"], action: PowerEvent["action"] = "none"): PowerEvent {
    const event = this.power.record({
      ...{ kind, cause: "unknown", action, evidence: [], confidence: "reported", at: this.#now() },
      offsets: { com1: this.#bytes.length },
    });
    this.#append({ t: event.at, kind: "power", event: { ...event, evidence: [] } });
    return event;
  }

  /** The machine starts again. */
  restart(): void {
    this.#append({ t: this.#now(), kind: "vm", what: "reset" });
  }

  /** The oracle found it. */
  find(finding: Omit<Extract<TraceEvent, { kind: "finding" }>, "t" | "kind" | "console">): void {
    this.#append({ t: this.#now(), kind: "finding", console: "com1", ...finding });
  }

  end(why = "the guest powered off"): void {
    this.console.end(new Error(why));
    this.power.end(new Error(why));
    this.clock.settle();
    this.#append({ t: this.#now(), kind: "vm", what: "ended" });
  }

  conclude(verdict: Verdict = { class: "Passed", exitCode: 0, reason: "the test passed" }): void {
    this.#append({ t: this.#now(), kind: "verdict", ...verdict });
  }

  remove(): void {
    closeSync(this.#events);
    rmSync(this.dir, { recursive: true });
  }

  #now(): number {
    return Math.round(this.clock.now() * 1e6);
  }

  #append(event: TraceEvent): void {
    appendLine(this.#events, traceEventSchema.parse(event));
  }
}

export async function replay(dir: string) {
  const recording = await readRecording(await readTrace(dir));
  const waits = replayWaits(recording);
  for (const console of recording.consoles.values()) console.close();
  return { waits, verdict: judgeReplay(recording, waits) };
}
