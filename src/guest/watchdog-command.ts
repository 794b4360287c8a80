import { UsageError } from "../machine/errors.ts";
import type { WatchdogName } from "../machine/machine.ts";
import { durationForm, readDuration } from "../machine/size.ts";

/** The longest time each device takes, in seconds (fixtures/petri-guest/README.md); a WDAT tells the guest itself. */
const longest: Readonly<Record<WatchdogName, number>> = { i6300esb: 2047, ib700: 30, itco: 1227, wdat: 2 ** 32 - 1 };

/**
 * The line that makes petri-guest arm the machine's watchdog; the time is rounded up to what the device takes.
 * Throws UsageError for a machine without one or a time it cannot take.
 */
export function armCommand(device: WatchdogName | undefined, time: number | string): string {
  return `watchdog arm ${secondsAndName(device, time)}`;
}

/** The line that makes it arm the watchdog, and hang. Throws as `armCommand` does. */
export function hangCommand(device: WatchdogName | undefined, how: "quiet" | "busy", time: number | string): string {
  return `hang ${how} ${secondsAndName(device, time)}`;
}

function secondsAndName(device: WatchdogName | undefined, time: number | string): string {
  const name = needWatchdog(device);
  // Named, since petri-guest does not try by itself what it cannot find.
  return `${watchdogSeconds(name, time, longest[name])} ${name}`;
}

/** The line that asks it for what it knows of the last reset. */
export function statusCommand(device: WatchdogName | undefined): string {
  return `watchdog status ${needWatchdog(device)}`;
}

function needWatchdog(device: WatchdogName | undefined): WatchdogName {
  if (device) return device;
  throw new UsageError('the machine has no watchdog to arm: give it one by machine: { watchdog: "any" }');
}

/** The time as a device counts it, rounded up. Throws UsageError for one it cannot take. */
export function watchdogSeconds(device: string, time: number | string, longestSeconds: number): number {
  const ms = typeof time === "number" ? time : readDuration(time);
  if (ms === undefined || !(ms > 0)) {
    throw new UsageError(`a watchdog cannot be armed with "${time}": write milliseconds, or ${durationForm}`);
  }
  const seconds = Math.ceil(ms / 1000);
  if (seconds <= longestSeconds) return seconds;
  throw new UsageError(`the watchdog ${device} takes at most ${longestSeconds} s, not ${seconds} s`);
}
