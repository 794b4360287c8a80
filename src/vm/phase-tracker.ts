import { type BootPhase, rank } from "../console/phases/phase.ts";
import { PhaseRecogniser } from "../console/phases/recogniser.ts";
import { phaseRules } from "../console/phases/rules.ts";
import { printable } from "../console/printable.ts";
import type { ConsoleName } from "../machine/machine.ts";
import { showDuration } from "../power/wait.ts";
import type { ConsoleSet } from "./console-set.ts";

/** A phase of a boot that has begun. */
export interface PhaseRecord {
  readonly phase: BootPhase;
  /** When it was told, in nanoseconds since the VM's trace began. */
  readonly at: number;
  /** Milliseconds since its boot began: since the VM was first resumed, or since the reset. */
  readonly afterMs: number;
  /** From 1; each reset begins another. */
  readonly boot: number;
  /** The console that told of it; absent for what the control channel tells. */
  readonly console?: ConsoleName;
  /** Byte offset of the line that told of it. */
  readonly offset?: number;
  /** That line, safe to show. */
  readonly evidence: string;
}

export interface PhaseTrackerOptions {
  readonly consoles: ConsoleSet;
  readonly names: readonly ConsoleName[];
  /** What the image prints on com1 when it is up; getty's prompt counts if absent. */
  readonly ready: RegExp | undefined;
  /** A machine that starts in firmware is in that phase from its first instruction. */
  readonly startsInFirmware: boolean;
  /** Now, in nanoseconds since the trace's start. */
  readonly now: () => number;
  readonly onPhase: (record: PhaseRecord) => void;
}

/** Arrivals that are remembered: `ready` is found a few turns of the loop after its bytes came. */
const remembered = 64;

interface Arrival {
  readonly end: number;
  readonly at: number;
}

/** Follows each boot of one VM through its phases, by what its consoles and its control channel tell. */
export class PhaseTracker {
  readonly records: PhaseRecord[] = [];
  readonly #options: PhaseTrackerOptions;
  readonly #recognisers = new Map<ConsoleName, PhaseRecogniser>();
  readonly #arrivals: Arrival[] = [];
  #boot = 0;
  #startedAt = 0;
  #current: PhaseRecord | undefined;
  #readyWait = new AbortController();

  constructor(options: PhaseTrackerOptions) {
    this.#options = options;
    for (const name of options.names) {
      let offset = 0;
      options.consoles.pipe(name, (bytes, at) => {
        this.#printed(name, bytes, offset, at);
        offset += bytes.length;
      });
    }
  }

  /** The boot under way; 0 before the VM was first resumed. */
  get boot(): number {
    return this.#boot;
  }

  /** When it began, in nanoseconds since the trace's start. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** The latest phase of the boot under way. */
  get current(): PhaseRecord | undefined {
    return this.#current;
  }

  /** The first record of the boot under way that is at or beyond the phase: boots may leave phases out. */
  reached(phase: BootPhase): PhaseRecord | undefined {
    return this.records.find((record) => record.boot === this.#boot && rank(record.phase) >= rank(phase));
  }

  /** A boot begins: what the consoles print from now on belongs to it. */
  begin(at: number, evidence: string): void {
    this.#boot += 1;
    this.#startedAt = at;
    this.#current = undefined;
    const { names, ready, startsInFirmware } = this.#options;
    const rules = ready ? phaseRules.filter(({ phase }) => phase !== "ready") : phaseRules;
    for (const name of names) this.#recognisers.set(name, new PhaseRecogniser(rules));
    this.#readyWait.abort(new Error("another boot has begun"));
    this.#readyWait = new AbortController();
    if (ready && names.includes("com1")) this.#awaitReady(ready, this.#readyWait.signal);
    if (startsInFirmware) this.#sight({ phase: "firmware", evidence }, at);
  }

  /** One line of context for failures: `in phase kernel for 3.2 s`. */
  describe(): string | undefined {
    if (this.#boot === 0) return undefined;
    const since = (from: number) => showDuration(Math.max(0, this.#options.now() - from) / 1e6);
    const ofBoot = this.#boot > 1 ? ` of boot ${this.#boot}` : "";
    if (!this.#current) return `no phase${ofBoot} was recognised since it began ${since(this.#startedAt)} ago`;
    return `in phase ${this.#current.phase}${ofBoot} for ${since(this.#current.at)}`;
  }

  /** Every phase of the boot under way with its time, a line each. */
  history(): string[] {
    const of = this.records.filter(({ boot }) => boot === this.#boot);
    if (of.length === 0) return [`no phase of boot ${this.#boot} was recognised`];
    return [
      `phases of boot ${this.#boot}:`,
      ...of.map(({ phase, afterMs, evidence }) => `  ${phase} after ${showDuration(afterMs)}: ${evidence}`),
    ];
  }

  #printed(name: ConsoleName, bytes: Buffer, offset: number, at: number): void {
    if (name === "com1" && this.#current?.phase !== "ready") this.#remember({ end: offset + bytes.length, at });
    const sightings = this.#recognisers.get(name)?.push(bytes, offset) ?? [];
    for (const sighting of sightings) this.#sight({ ...sighting, console: name }, at);
  }

  #remember(arrival: Arrival): void {
    this.#arrivals.push(arrival);
    if (this.#arrivals.length > remembered) this.#arrivals.shift();
  }

  /** The image's pattern is looked for as any `expect` does: over several lines, and at prompts. */
  #awaitReady(ready: RegExp, signal: AbortSignal): void {
    const { consoles, now } = this.#options;
    const console = consoles.unwatched("com1");
    const offset = consoles.ends().com1 ?? 0;
    const timeout = Number.POSITIVE_INFINITY;
    console
      ?.cursor(offset)
      .expect(ready, { timeout, signal })
      .then((match) => {
        const at = this.#arrivals.find(({ end }) => end >= match.end)?.at ?? now();
        this.#sight({ phase: "ready", evidence: printable(match.text), console: "com1", offset: match.start }, at);
      })
      // The VM ended, or another boot began: this one never was ready.
      .catch(() => {});
  }

  #sight(found: Pick<PhaseRecord, "phase" | "evidence" | "console" | "offset">, at: number): void {
    if (this.#boot === 0) return;
    if (this.#current && rank(found.phase) <= rank(this.#current.phase)) return;
    const afterMs = Math.max(0, at - this.#startedAt) / 1e6;
    this.#current = { ...found, at, afterMs, boot: this.#boot };
    for (const recogniser of this.#recognisers.values()) recogniser.pass(found.phase);
    this.records.push(this.#current);
    this.#options.onPhase(this.#current);
  }
}
