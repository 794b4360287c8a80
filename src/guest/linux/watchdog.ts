import { UnsupportedError, UsageError, VmmError } from "../../machine/errors.ts";
import type { WatchdogName } from "../../machine/machine.ts";
import { watchdogSeconds } from "../watchdog-command.ts";
import type { ShellLine } from "./shell-line.ts";

type Device = "i6300esb" | "ib700" | "itco";

/** Linux's drivers of them (Documentation/watchdog/watchdog-parameters.rst), and the longest time each takes, in s. */
const drivers: Record<Device, { module: string; longest: number }> = {
  i6300esb: { module: "i6300esb", longest: 2046 },
  ib700: { module: "ib700wdt", longest: 30 },
  itco: { module: "iTCO_wdt", longest: 613 },
};

const timeoutFile = "/sys/class/watchdog/watchdog0/timeout";
/** The driver's magic close: without it, closing the device is a program that died (watchdog-api.rst). */
const stop = "{ printf V >&3; } 2>/dev/null; exec 3>&-";

/**
 * Arms, pets or stops the machine's watchdog by /dev/watchdog, which the shell holds open as file 3. Rejects with
 * UsageError for a machine without one or a time it does not take, UnsupportedError for a guest without its driver.
 */
export async function watchdogOfLinux(
  shell: ShellLine,
  watchdog: WatchdogName | undefined,
  what: { readonly arm: number | string } | "pet" | "stop",
): Promise<void> {
  const device = deviceOf(watchdog);
  if (what === "pet") return await done(shell, "printf . >&3", "the watchdog cannot be petted: arm it first");
  if (what === "stop") return await done(shell, stop, "the watchdog cannot be stopped");
  const { module, longest } = drivers[device];
  const seconds = watchdogSeconds(device, what.arm, longest);
  await shell.ask(stop);
  // No bus announces an IB700, and its driver takes the time only when it is loaded.
  if (device === "ib700") await shell.ask(`modprobe -r ${module}; modprobe ${module} timeout=${seconds}`);
  if ((await shell.ask("[ -c /dev/watchdog ]")) !== 0) {
    throw new UnsupportedError(`the guest has no driver for the watchdog ${device}; use the image debian`);
  }
  if (device !== "ib700") await done(shell, setTime(seconds), `the watchdog ${device} does not take ${seconds} s`);
  await done(shell, "exec 3>/dev/watchdog", "the watchdog cannot be armed: another program has it");
}

/** busybox's watchdog(8) asks for the time; the device keeps it when that is gone. */
function setTime(seconds: number): string {
  const isSet = `[ "$(cat ${timeoutFile})" = ${seconds} ]`;
  const tries = 500;
  return [
    `${isSet} || { watchdog -T ${seconds} -t ${seconds}000 -F /dev/watchdog & n=0`,
    `until ${isSet} || [ $((n += 1)) -gt ${tries} ]; do usleep 10000; done`,
    "kill -9 $!; wait $!; } 2>/dev/null",
    isSet,
  ].join("; ");
}

async function done(shell: ShellLine, line: string, otherwise: string): Promise<void> {
  if ((await shell.ask(line)) !== 0) throw new VmmError(otherwise);
}

function deviceOf(watchdog: WatchdogName | undefined): Device {
  switch (watchdog) {
    case undefined:
      throw new UsageError('the machine has no watchdog to arm: give it one by machine: { watchdog: "any" }');
    case "wdat":
      throw new UnsupportedError("a Linux image does not drive the watchdog wdat; write any, i6300esb, ib700 or itco");
    default:
      return watchdog;
  }
}
