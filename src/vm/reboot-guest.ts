import type { GuestHost } from "../guest/driver.ts";
import { TimeoutError, UsageError } from "../machine/errors.ts";
import { type PowerJournal, UnexpectedPowerEvent } from "../power/journal.ts";
import { longestTimerMs, showDuration } from "../power/wait.ts";

/**
 * Has the guest start anew, and waits until it is ready again; the reset it makes counts as looked at. Rejects with
 * UnexpectedPowerEvent, TimeoutError, or what ended the VM.
 */
export async function rebootGuest(
  power: PowerJournal,
  { onStop, ready }: Pick<GuestHost, "onStop" | "ready">,
  start: () => Promise<void>,
  limitMs: number,
): Promise<void> {
  let phase = "the guest did not reset";
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    if (limitMs > longestTimerMs) return;
    timer = setTimeout(() => reject(new TimeoutError(`reboot: ${phase} within ${showDuration(limitMs)}`)), limitMs);
  });
  let stopListening = () => {};
  const stopped = new Promise<Error>((resolve) => {
    stopListening = onStop(resolve);
  });
  const known = power.events.length;
  const act = async () => {
    await start();
    const reason = await stopped;
    const event = power.events[known];
    if (!event) throw reason;
    if (event.kind !== "reset") throw new UnexpectedPowerEvent("reset", event);
    power.acknowledge(event);
    if (event.action !== "reset") {
      throw new UsageError(`reboot: the machine's power.reset is ${event.action}: the guest does not start anew`);
    }
    phase = "the guest was reset, but was not ready again";
    await ready();
  };
  try {
    await Promise.race([act(), late]);
  } finally {
    stopListening();
    clearTimeout(timer);
  }
}
