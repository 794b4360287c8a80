import { UnsupportedError, UsageError } from "../machine/errors.ts";
import type { Machine } from "../machine/machine.ts";
import { durationForm, readDuration } from "../machine/size.ts";

/** The longest time each device takes, in seconds (fixtures/petri-guest/README.md). */
const longest = { i6300esb: 2047, ib700: 30 };

/**
 * The line that makes petri-guest arm the machine's watchdog; the time is rounded up to what the device takes.
 * Throws UsageError for a machine without one or a time it cannot take, UnsupportedError for one petri-guest cannot use.
 */
export function armCommand(watchdog: Machine["watchdog"], time: number | string): string {
  if (watchdog === undefined) {
    throw new UsageError('the machine has no watchdog to arm: give it one by machine: { watchdog: "any" }');
  }
  if (watchdog === "itco" || watchdog === "wdat") {
    throw new UnsupportedError(`petri-guest does not drive the watchdog ${watchdog}; write any, i6300esb or ib700`);
  }
  const ms = typeof time === "number" ? time : readDuration(time);
  if (ms === undefined || !(ms > 0)) {
    throw new UsageError(`a watchdog cannot be armed with "${time}": write milliseconds, or ${durationForm}`);
  }
  // petri-guest looks for what it can find; an ib700 cannot be found, only named.
  const device = watchdog === "any" ? "i6300esb" : watchdog;
  const seconds = Math.ceil(ms / 1000);
  if (seconds > longest[device]) {
    throw new UsageError(`the watchdog ${device} takes at most ${longest[device]} s, not ${seconds} s`);
  }
  return watchdog === "any" ? `watchdog arm ${seconds}` : `watchdog arm ${seconds} ${device}`;
}
