import type { Guest } from "../guest/driver.ts";
import { TimeoutError, UnsupportedError, UsageError } from "../machine/errors.ts";
import type { PowerEvent } from "../power/event.ts";
import type { PowerJournal } from "../power/journal.ts";
import { showDuration, timeoutMs } from "../power/wait.ts";
import type { Facets } from "../vmm/contract.ts";

export const shutdownRungs = ["command", "button", "kill"] as const;
/** The guest driver's command; the ACPI power button; the end of the VMM, whatever the guest does. */
export type ShutdownRung = (typeof shutdownRungs)[number];

/** One step of the ladder; `within`, milliseconds or `"20s"`, is its budget, 30 s if absent. */
export type LadderStep = ShutdownRung | { readonly rung: ShutdownRung; readonly within?: number | string };

export interface ShutdownOptions {
  /** Tried in that order until one works; `["command", "button"]` if absent. */
  readonly ladder?: readonly LadderStep[];
}

export interface RungRecord {
  readonly rung: ShutdownRung;
  /** `refused`: the VMM or the guest has no such thing. */
  readonly outcome: "worked" | "too late" | "refused";
  readonly ms: number;
  readonly why?: string;
}

export interface Shutdown {
  /** The one that worked. */
  readonly rung: ShutdownRung;
  /** How the guest powered off; absent after `kill`. */
  readonly event?: PowerEvent;
  readonly rungs: readonly RungRecord[];
}

export interface Climb {
  readonly guest: Pick<Guest, "shutdown">;
  readonly facets: Partial<Facets>;
  readonly power: PowerJournal;
  readonly kill: () => Promise<void>;
  /** Records a step with its time and how it went. */
  readonly step: <T>(title: string, body: () => Promise<T>) => Promise<T>;
  /** How far the guest has come, and what it said last. */
  readonly scene: () => readonly string[];
}

interface Rung {
  readonly rung: ShutdownRung;
  readonly withinMs: number;
}

const usualMs = 30_000;
const titles: Record<ShutdownRung, string> = {
  command: "the guest's command",
  button: "the power button",
  kill: "kill",
};

/**
 * Shuts the guest down by the first rung that works. Rejects with TimeoutError if the guest hangs on all of them,
 * UnsupportedError if there is none of them here, UnexpectedPowerEvent as soon as the guest does something else than to
 * power off, UsageError for a ladder that is none.
 */
export async function climb(parts: Climb, { ladder = ["command", "button"] }: ShutdownOptions): Promise<Shutdown> {
  const rungs: RungRecord[] = [];
  for (const { rung, withinMs } of parseLadder(ladder)) {
    const began = performance.now();
    const outcome = await tryRung(parts, rung, withinMs);
    const ms = Math.round(performance.now() - began);
    if (outcome instanceof Error) {
      rungs.push({ rung, outcome: outcome instanceof TimeoutError ? "too late" : "refused", ms, why: outcome.message });
    } else {
      rungs.push({ rung, outcome: "worked", ms });
      return { rung, rungs, ...(outcome !== "killed" && { event: outcome }) };
    }
  }
  throw await failure(parts, rungs);
}

/** What came of it, or why it did not work; whatever else goes wrong rejects. */
async function tryRung(parts: Climb, rung: ShutdownRung, withinMs: number) {
  const title = `shutdown: ${titles[rung]}${rung === "kill" ? "" : `, within ${showDuration(withinMs)}`}`;
  try {
    return await parts.step(title, async () => {
      if (rung !== "kill") return await powerOff(parts, rung, withinMs);
      await parts.kill();
      return "killed" as const;
    });
  } catch (error) {
    if (error instanceof TimeoutError || error instanceof UnsupportedError) return error;
    throw error;
  }
}

async function powerOff({ guest, facets, power }: Climb, rung: "command" | "button", withinMs: number) {
  const given = new AbortController();
  // Starts to wait before it asks: the answer may be quick.
  const off = power.next("shutdown", { timeout: withinMs, signal: given.signal });
  const asked = rung === "command" ? guest.shutdown() : pressButton(facets);
  const refused = asked.then(
    () => off,
    // A command that fails may have been carried out: its guest is gone. One that cannot be given has not.
    (error) => (error instanceof UnsupportedError ? Promise.reject(error) : off),
  );
  try {
    return await Promise.race([off, refused]);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new TimeoutError(`the guest did not power off within ${showDuration(withinMs)}`);
  } finally {
    given.abort(new Error("given up"));
  }
}

async function pressButton({ powerButton }: Partial<Facets>): Promise<void> {
  if (!powerButton) throw new UnsupportedError("the VMM has no power button for this machine");
  await powerButton();
}

async function failure({ facets, scene }: Climb, rungs: readonly RungRecord[]): Promise<Error> {
  const tried = rungs.map(({ rung, why }) => `  ${rung}: ${why}`);
  if (rungs.every(({ outcome }) => outcome === "refused")) {
    return new UnsupportedError(["the guest cannot be asked to shut down:", ...tried].join("\n"));
  }
  // A VMM that does not answer has other troubles; they show elsewhere.
  const isHalted = await facets.isHaltedForGood?.().catch(() => false);
  return new TimeoutError(
    [
      `the guest did not shut down by ${rungs.map(({ rung }) => rung).join(", ")}:`,
      ...tried,
      ...(isHalted ? ["every vCPU is halted with interrupts off: it stopped for good, and left the machine on"] : []),
      ...scene(),
      'If it only needs longer: { ladder: [{ rung: "command", within: "2m" }] }. To end it all the same, add "kill".',
    ].join("\n"),
  );
}

function parseLadder(ladder: readonly LadderStep[]): Rung[] {
  const problems: string[] = [];
  if (ladder.length === 0) problems.push(`it has no rung; there are ${shutdownRungs.join(", ")}`);
  const steps = ladder.map((step, index): Rung => {
    const { rung, within = usualMs }: { rung: ShutdownRung; within?: number | string } =
      typeof step === "string" ? { rung: step } : step;
    if (!shutdownRungs.includes(rung)) {
      problems.push(`"${rung}" is no rung of it; there are ${shutdownRungs.join(", ")}`);
    } else if (rung === "kill" && index < ladder.length - 1) problems.push('nothing can follow "kill"');
    return { rung, withinMs: budget(rung, within, problems) };
  });
  if (problems.length > 0) throw UsageError.of(problems, "the shutdown ladder is not right");
  return steps;
}

function budget(rung: ShutdownRung, within: number | string, problems: string[]): number {
  try {
    const ms = timeoutMs(within, () => usualMs, `${rung}.within`);
    if (ms > 0) return ms;
    problems.push(`${rung}.within: 0 leaves the guest no time`);
  } catch (error) {
    problems.push((error as Error).message);
  }
  return usualMs;
}
