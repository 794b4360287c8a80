import type { Machine } from "../../../machine/machine.ts";
import { rtcSchema } from "../../../machine/rtc.ts";
import type { ImportSheet } from "../../import/sheet.ts";
import { type CommandLine, saidAs } from "./command-line.ts";
import { Opts, readOpts } from "./opts.ts";

type Clock = Pick<Machine, "clock" | "rtc">;

/**
 * A clock that counts the guest's instructions and skips what it sleeps is a machine's `warp` (qemu(1), "-icount"); how
 * many nanoseconds an instruction takes is the VMM's choice there.
 */
export function readClock(line: CommandLine, sheet: ImportSheet): Clock {
  const merged = (name: string, implied: string) =>
    Opts.merged(line.all(name).flatMap(({ value }) => readOpts(`-${name}`, value, implied) ?? []));
  const [icount, rtc] = [merged("icount", "shift"), merged("rtc", "base")];
  const isWarp = icount?.peek("sleep") === "off";
  if (isWarp) icount?.take("sleep", "shift");
  if (isWarp && rtc?.peek("clock") === "vm") rtc.take("clock");
  const base = readBase(line, rtc?.take("base"), sheet);
  icount?.dropRest(sheet, () => "a machine's clock is real, or warp: one that skips what the guest sleeps (sleep=off)");
  rtc?.dropRest(sheet, () => "a machine's clock chip goes with the guest's time");
  return { clock: isWarp ? "warp" : "real", rtc: base };
}

/** `-rtc base=`, `-localtime` and `-startdate` of old versions; a date without a time is its midnight. */
function readBase(line: CommandLine, base: string | undefined, sheet: ImportSheet): Clock["rtc"] {
  const old = line.all("startdate").at(-1);
  const text = base ?? old?.value ?? (line.has("localtime") ? "localtime" : "utc");
  if (text === "now") return "utc";
  const said = base === undefined && old !== undefined ? saidAs(old) : `-rtc base=${text}`;
  const parsed = rtcSchema.safeParse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00` : text);
  if (parsed.success) return parsed.data;
  if (text.includes("$") || /^\d{4}-\d\d?-\d\d?(T\d\d?:\d\d?:\d\d?)?$/.test(text))
    sheet.drop(said, "a machine's date has two digits for each part and is from 1970 to 2099");
  else sheet.refuse(`${said}: invalid datetime format`);
  return "utc";
}
