import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { causeTable } from "../../power/causes.ts";
import type { LifeSettings, RunningVmm, RunPaths, VmmEnd, VmmEvent, VmmPlan } from "../contract.ts";
import type { QmpEvent } from "../qmp.ts";
import { QmpLife } from "../qmp-life.ts";

const kinds = {
  GUEST_RESET: "reset",
  GUEST_SHUTDOWN: "shutdown",
  GUEST_CRASH: "crash",
  GUEST_WATCHDOG: "watchdog",
  GUEST_HALTED: "halted",
  VMM_ERROR: "vmm-error",
} as const;

const told = causeTable.filter(({ vmm, known }) => vmm === "v86" && known.events);

const registersReply = z.object({ registers: z.record(z.string(), z.string()) });

function inRows(words: readonly string[], perRow = 4): string {
  const rows = Array.from({ length: Math.ceil(words.length / perRow) }, (_, row) => row * perRow);
  return rows.map((from) => words.slice(from, from + perRow).join(" ")).join("\n");
}

/** Starts petri-v86 paused, with every console and its control channel connected. */
export async function launchV86(
  plan: VmmPlan,
  paths: RunPaths,
  host: Host,
  settings: LifeSettings,
): Promise<RunningVmm> {
  const listeners: ((event: VmmEvent) => void)[] = [];
  const tell = (event: VmmEvent | undefined) => {
    if (event) for (const listener of listeners) listener(event);
  };
  const mayTell = !settings.withoutEvidence?.includes("events");
  const life = await QmpLife.start("petri-v86", plan, paths, host, settings, (event) => {
    if (mayTell) tell(interpret(event));
  });
  const { qmp } = life;
  return {
    capture: "from-reset",
    pid: life.process.pid,
    onEvent: (listener) => listeners.push(listener),
    resume: async () => void (await qmp.execute("cont")),
    pause: async () => void (await qmp.execute("stop")),
    cannotContinue: () => "petri-v86 stops a guest for good",
    reset: async () => {
      await qmp.execute("system_reset");
      await qmp.execute("cont");
    },
    quit: () => life.quit(),
    write: (console, bytes, isSecret) => life.recording.write(console, bytes, isSecret),
    ended: life.ended.then((end) => {
      if (!end.expected) tell(unexpectedEnd(end));
      return end;
    }),
    facets: {
      registers: async () => {
        const { registers } = registersReply.parse(await qmp.execute("query-registers"));
        return inRows(Object.entries(registers).map(([name, value]) => `${name}=${value}`));
      },
      screenText: async () =>
        z
          .object({ lines: z.array(z.string()) })
          .parse(await qmp.execute("screendump-text"))
          .lines.join("\n"),
    },
  };
}

/** petri-v86 says what the guest did in as many words; there is nothing to conclude. */
function interpret(event: QmpEvent): VmmEvent | undefined {
  const kind = kinds[event.name as keyof typeof kinds];
  if (!kind) return undefined;
  // It calls a hibernation a shutdown by S4.
  const row = told.find(({ cause }) => cause === event.data.cause);
  return {
    kind: row?.kind ?? kind,
    cause: row?.cause ?? "unknown",
    evidence: [event.line],
    confidence: "reported",
    at: event.at,
    offsets: event.offsets,
  };
}

function unexpectedEnd(end: VmmEnd): VmmEvent {
  const how = end.signal ? `was killed by ${end.signal}` : `ended with status ${end.exitCode}`;
  return {
    kind: "vmm-error",
    cause: "unknown",
    confidence: "reported",
    evidence: [`petri-v86 ${how}`, ...(end.stderrTail ? [end.stderrTail] : [])],
    at: end.at,
    offsets: end.offsets,
  };
}
