import type { Machine } from "../machine/machine.ts";
import { elapsed } from "../trace/append.ts";
import type { RunningVmm, VmmEvent } from "../vmm/contract.ts";
import type { ConsoleSet } from "./console-set.ts";
import { Heartbeat } from "./heartbeat.ts";

/**
 * A watchdog kept by Petri: when the console it listens to falls silent for too long, the VM is stopped, and reported as
 * one whose watchdog expired. The guest need not know of it.
 */
export function keepHeartbeat(
  { watchdog }: Machine,
  running: RunningVmm,
  consoles: ConsoleSet,
  clockStart: bigint,
  fault: (error: Error) => void,
): RunningVmm {
  if (typeof watchdog !== "object") return running;
  const { heartbeat: withinMs, console } = watchdog;
  const listeners: ((event: VmmEvent) => void)[] = [];
  let events = 0;

  async function silent(silentMs: number): Promise<void> {
    const before = events;
    heart.isRunning = false;
    await running.pause();
    // What the VMM itself reported meanwhile is what happened.
    if (events > before) return;
    const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
    const event: VmmEvent = {
      kind: "watchdog",
      cause: "heartbeat",
      confidence: "inferred",
      evidence: [
        `${console} was silent for ${seconds(silentMs)} while the guest ran; ${seconds(withinMs)} are allowed`,
      ],
      at: elapsed(clockStart),
      offsets: consoles.ends(),
    };
    for (const listener of listeners) listener(event);
  }

  let isOver = false;
  const failed = (error: Error) => {
    // A VMM that is gone needs no watchdog.
    if (!isOver) fault(error);
  };
  const heart = new Heartbeat({ withinMs, onSilence: (silentMs) => void silent(silentMs).catch(failed) });
  consoles.pipe(console, () => heart.beat());
  running.onEvent(() => {
    events += 1;
    heart.isRunning = false;
  });
  const over = () => {
    isOver = true;
    heart.isRunning = false;
  };
  void running.ended.then(over);
  return {
    ...running,
    onEvent: (listener) => {
      listeners.push(listener);
      running.onEvent(listener);
    },
    resume: async () => {
      heart.isRunning = true;
      await running.resume();
    },
    pause: async () => {
      heart.isRunning = false;
      await running.pause();
    },
    reset: async () => {
      heart.isRunning = false;
      heart.boot();
      const before = events;
      await running.reset();
      heart.isRunning = events === before && !isOver;
    },
    quit: async () => {
      over();
      await running.quit();
    },
  };
}
