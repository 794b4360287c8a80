import type { Machine } from "../../../machine/machine.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import type { CommandLine } from "./command-line.ts";
import { Opts, readOpts } from "./opts.ts";

/**
 * A clock that counts the guest's instructions and skips what it sleeps is a machine's `warp` (qemu(1), "-icount"); how
 * many nanoseconds an instruction takes is the VMM's choice there.
 */
export function readClock(line: CommandLine, sheet: ImportSheet): Machine["clock"] {
  const merged = (name: string, implied: string) =>
    Opts.merged(line.all(name).flatMap(({ value }) => readOpts(`-${name}`, value, implied) ?? []));
  const [icount, rtc] = [merged("icount", "shift"), merged("rtc", "base")];
  const isWarp = icount?.peek("sleep") === "off";
  if (isWarp) icount?.take("sleep", "shift");
  if (isWarp && rtc?.peek("clock") === "vm") rtc.take("clock");
  icount?.dropRest(sheet, () => "a machine's clock is real, or warp: one that skips what the guest sleeps (sleep=off)");
  rtc?.dropRest(sheet, () => "a machine's clock starts at the host's time, in UTC");
  return isWarp ? "warp" : "real";
}
