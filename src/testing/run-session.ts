import type { Vitest } from "vitest/node";
import { defaultBudget, type LeaseBroker, startLeaseBroker } from "../host/leases.ts";
import { localHost } from "../host/local.ts";
import { namedPrograms, type Settings } from "../machine/settings.ts";
import { cleanResults } from "../trace/retention.ts";
import { createRun, endRun, type RunFolder } from "../trace/run-folder.ts";
import { detectAll } from "../vm/detection.ts";
import { type Floor, readFloor } from "./floor.ts";
import { Interruption } from "./interruption.ts";
import { loadSettings } from "./load-settings.ts";
import { PetriReporter } from "./reporters/petri-reporter.ts";
import { useReporter } from "./reporters/use-reporter.ts";
import type { RunContext } from "./run-context.ts";
import { leftOptions } from "./run-options.ts";
import { unbuildableImages } from "./unbuildable-images.ts";

/** What the main process of a run keeps: made once, however many projects the configuration has. */
export interface RunSession {
  readonly context: RunContext;
  readonly run: RunFolder;
  readonly settings: Settings;
  readonly floor: Floor | undefined;
  readonly interruption: Interruption;
  /** Not an error if no test runs: the user said so, or it is one shard of several. */
  readonly mayBeEmpty: boolean;
}

// vite may load this module once per configuration file.
const sessions = Symbol.for("petri.sessions");
const holder = globalThis as { [sessions]?: WeakMap<Vitest, Promise<RunSession>> };

export function sessionOf(vitest: Vitest): Promise<RunSession> {
  holder[sessions] ??= new WeakMap();
  let session = holder[sessions].get(vitest);
  if (!session) {
    session = openSession(vitest);
    holder[sessions].set(vitest, session);
  }
  return session;
}

async function openSession(vitest: Vitest): Promise<RunSession> {
  const options = leftOptions();
  const { root } = vitest.config;
  const settings = await loadSettings(vitest, options.flags ?? {});
  const floor = options.floor === undefined ? undefined : readFloor(options.floor);
  const interruption = new Interruption(vitest);
  const detections = await detectAll(localHost, {
    overrides: namedPrograms(settings),
    only: settings.vmm,
    signal: interruption.signal,
  });
  const run = createRun(settings.results);
  cleanResults(settings.results, { capBytes: settings.traceCap, current: run.id });
  const broker = await startLeaseBroker(budgetOf(settings));
  vitest.onClose(() => closeSession(broker, run));
  const context: RunContext = {
    runId: run.id,
    runDir: run.dir,
    root,
    detections,
    unbuildable: await unbuildableImages(interruption.signal),
    leases: broker.address,
    filters: filtersOf(settings),
    keepTraces: settings.keepTraces,
    pause: options.pause ?? false,
    timeoutScale: settings.timeoutScale,
    ...(settings.channel !== undefined && { channel: settings.channel }),
    ...(settings.progressWithin !== undefined && { progressWithin: settings.progressWithin }),
    machine: settings.machine,
    oracle: settings.oracle,
    images: settings.images,
  };
  if (settings.retries > 0) for (const project of vitest.projects) project.config.retry = settings.retries;
  const mayBeEmpty = vitest.config.passWithNoTests || vitest.config.shard !== undefined;
  const session = { context, run, settings, floor, interruption, mayBeEmpty };
  useReporter(vitest, new PetriReporter(session));
  return session;
}

function closeSession(broker: LeaseBroker, run: RunFolder): void {
  broker.close();
  endRun(run);
}

function filtersOf({ vmm, accelerator, boot, require }: Settings) {
  return { vmm, accelerator, boot, require };
}

function budgetOf({ memoryBudget, cpuBudget }: Settings) {
  const usual = defaultBudget();
  return { memoryBytes: memoryBudget ?? usual.memoryBytes, vcpus: cpuBudget ?? usual.vcpus };
}
