import type { MachineInput } from "../../../machine/machine.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import { type CommandLine, saidAs } from "./command-line.ts";
import type { Devices } from "./devices.ts";
import { watchdogs } from "./known.ts";
import { readOpts } from "./opts.ts";

type Power = NonNullable<MachineInput["power"]>;
type Watchdog = MachineInput["watchdog"];

const words: Readonly<Record<string, readonly string[]>> = {
  reboot: ["reset", "shutdown"],
  shutdown: ["poweroff", "pause"],
  panic: ["pause", "shutdown", "exit-failure", "none"],
  watchdog: ["reset", "shutdown", "poweroff", "inject-nmi", "pause", "debug", "none"],
};

/**
 * -action and its older twins. QEMU ends when the guest powers off and when it panics; a reset that is turned into a
 * shutdown does what a shutdown does (qemu(1), "-action").
 */
export function readPower(line: CommandLine, watchdog: Watchdog, sheet: ImportSheet): Power {
  const said: Record<string, string> = { reboot: "reset", shutdown: "poweroff", panic: "shutdown", watchdog: "reset" };
  for (const given of line.all("no-reboot", "no-shutdown", "action", "watchdog-action")) {
    if (given.name === "no-reboot") said.reboot = "shutdown";
    else if (given.name === "no-shutdown") said.shutdown = "pause";
    else if (given.name === "watchdog-action") take(said, "watchdog", given.value, saidAs(given), sheet);
    else {
      const opts = readOpts("-action", given.value);
      for (const key of opts?.keys ?? []) take(said, key, opts?.peek(key) ?? "", saidAs(given), sheet);
    }
  }
  const shutdown = said.shutdown === "pause" ? "halt" : "exit";
  return {
    reset: said.reboot === "reset" ? "reset" : shutdown,
    shutdown,
    crash: crashAction(said.panic, shutdown, sheet),
    ...(watchdog === undefined ? {} : { watchdog: watchdogAction(said.watchdog, shutdown, sheet) }),
  };
}

function take(said: Record<string, string>, key: string, value: string, option: string, sheet: ImportSheet): void {
  const known = words[key];
  if (known === undefined) sheet.refuse(`${option}: Invalid parameter '${key}'`);
  else if (!known.includes(value) && !value.includes("$"))
    sheet.refuse(`${option}: Parameter '${key}' does not accept value '${value}'`);
  else said[key] = value;
}

function crashAction(word: string | undefined, shutdown: "halt" | "exit", sheet: ImportSheet): Power["crash"] {
  if (word === "none") {
    sheet.drop("-action panic=none", "a machine that crashes halts, resets or exits: halt is taken");
    return "halt";
  }
  return word === "pause" ? "halt" : word === "exit-failure" ? "exit:1" : shutdown;
}

function watchdogAction(word: string | undefined, shutdown: "halt" | "exit", sheet: ImportSheet): Power["watchdog"] {
  switch (word) {
    case "shutdown":
      return shutdown;
    case "poweroff":
      return "exit";
    case "pause":
      return "halt";
    case "inject-nmi":
    case "debug":
    case "none":
      sheet.drop(`-action watchdog=${word}`, "a machine's watchdog resets, halts or exits: reset is taken");
  }
  return "reset";
}

/** The device that would bite: -device, or -watchdog of QEMU before 7.2. */
export function readWatchdog(line: CommandLine, devices: Devices, sheet: ImportSheet): Watchdog {
  const own = devices.take(/^(i6300esb|ib700)$/);
  for (const { opts } of own) {
    opts.take("id");
    opts.dropRest(sheet, () => "where it sits on its bus is the VMM's choice");
  }
  const names = [...own.map(({ driver }) => driver), ...line.all("watchdog").map(({ value }) => oldName(value, sheet))];
  const strap = line.all("global").some(({ value }) => /^ICH9-LPC\.noreboot=(off|false|no)$/.test(value));
  const all = [...names.filter((name) => name !== undefined), ...(strap ? ["itco"] : [])];
  for (const extra of all.slice(1)) sheet.drop(`watchdog ${extra}`, "a machine has one watchdog");
  return all[0] as Watchdog;
}

function oldName(name: string, sheet: ImportSheet): string | undefined {
  if (name === "i6300esb" || name === "ib700") return name;
  if (watchdogs.has(name)) sheet.drop(`-watchdog ${name}`, "a machine's watchdogs are i6300esb, ib700, itco and wdat");
  else sheet.refuse(`-watchdog ${name}: Unknown -watchdog device`);
  return undefined;
}
